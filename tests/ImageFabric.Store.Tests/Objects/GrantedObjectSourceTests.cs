using System.Collections.Concurrent;
using System.Diagnostics;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Tests.Faults;

namespace ImageFabric.Store.Tests.Objects;

public sealed class GrantedObjectSourceTests : IAsyncDisposable
{
    private static readonly RetryPolicy Quick = new()
    {
        Patience = TimeSpan.FromSeconds(20),
        FirstDelay = TimeSpan.FromMilliseconds(10),
        LongestDelay = TimeSpan.FromMilliseconds(100),
        Stall = TimeSpan.FromMilliseconds(500),
    };

    private static readonly RetryPolicy Impatient = Quick with { Patience = TimeSpan.FromMilliseconds(500) };

    private readonly ObjectServer server = new();
    private readonly FaultProxy proxy;
    private readonly ConcurrentQueue<string[]> demands = new();
    private readonly byte[] content = new byte[1_000_000];

    public GrantedObjectSourceTests()
    {
        proxy = new FaultProxy(server.Address);
        Random.Shared.NextBytes(content);
        server.Objects["bucket/packs/ab/pack"] = content;
    }

    public async ValueTask DisposeAsync()
    {
        await proxy.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Granted_objects_are_read_whole_and_by_ranges_with_nothing_but_get()
    {
        await using GrantedObjectSource source = Source(Quick);
        Assert.Equal(content, await source.ReadAllAsync("packs/ab/pack", content.Length, default));
        foreach ((int offset, int length) in new[] { (0, 10), (123_456, 500_000), (999_999, 1), (0, 1_000_000), (5, 0) })
        {
            byte[] part = new byte[length];
            await source.ReadRangeAsync("packs/ab/pack", offset, part, default);
            Assert.Equal(content[offset..(offset + length)], part);
        }

        Assert.Equal(["GET"], server.Methods.Distinct());
        Assert.Single(demands);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Granted_objects_come_no_faster_than_is_allowed(bool byHttp)
    {
        string file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, content);
        await using var source = new GrantedObjectSource(
            (keys, _) => Task.FromResult(byHttp ? Addresses(keys) : keys.ToDictionary(key => key, _ => new Uri(file)) as IReadOnlyDictionary<string, Uri>),
            Quick,
            limit: new BandwidthLimit(500_000, TimeProvider.System));
        long start = Stopwatch.GetTimestamp();
        byte[] read = new byte[content.Length];
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => source.ReadRangeAsync("packs/ab/pack", i * 100_000, read.AsMemory(i * 100_000, 100_000), default)));
        Assert.Equal(content, read);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1.85, 15);
        File.Delete(file);
    }

    [Fact]
    public async Task Missing_short_and_overlong_objects_are_told_apart()
    {
        server.Objects["bucket/empty"] = [];
        await using GrantedObjectSource source = Source(Quick);
        Assert.Empty(await source.ReadAllAsync("empty", 0, default));
        await FailsAsync("ObjectMissing", () => source.ReadRangeAsync("empty", 0, new byte[1], default));
        await FailsAsync("ObjectMissing", () => source.ReadAllAsync("none", 10, default));
        await FailsAsync("ObjectMissing", () => source.ReadRangeAsync("none", 0, new byte[1], default));
        await FailsAsync("ObjectMissing", () => source.ReadRangeAsync("packs/ab/pack", 999_999, new byte[2], default));
        await FailsAsync("ObjectMissing", () => source.ReadRangeAsync("packs/ab/pack", 1_000_000, new byte[1], default));
        await FailsAsync("StoreFormatNotSupported", () => source.ReadAllAsync("packs/ab/pack", content.Length - 1, default));
    }

    [Fact]
    public async Task Reads_get_over_faults_that_pass()
    {
        await using GrantedObjectSource source = Source(Quick);
        foreach (Fault fault in new Fault[]
        {
            new Fault.Answer(500, "InternalError"), new Fault.Answer(503, "SlowDown"), new Fault.Answer(429, ""), new Fault.Answer(504, ""), new Fault.Answer(403, "AccessDenied"),
            new Fault.Reset(), new Fault.LoseAnswer(), new Fault.Silence(), new Fault.Stall(70_000), new Fault.Truncate(0), new Fault.Truncate(70_000), new Fault.ShiftRange(),
        })
        {
            int before = proxy.Requests;
            proxy.Next(fault);
            byte[] part = new byte[500_000];
            await source.ReadRangeAsync("packs/ab/pack", 123_456, part, default);
            Assert.True(content.AsSpan(123_456, part.Length).SequenceEqual(part), $"range after {fault}");
            Assert.True(proxy.Requests >= before + 2, $"{fault} was not met");

            proxy.Next(fault);
            byte[] whole = await source.ReadAllAsync("packs/ab/pack", content.Length, default);
            Assert.True(content.AsSpan().SequenceEqual(whole), $"whole after {fault}");
        }
    }

    [Fact]
    public async Task A_store_that_stays_away_is_unreachable()
    {
        await using GrantedObjectSource source = Source(Impatient);
        foreach (Fault fault in new Fault[] { new Fault.Reset(), new Fault.Answer(503, "SlowDown"), new Fault.Truncate(0), new Fault.ShiftRange() })
        {
            proxy.Always = fault;
            await FailsAsync("StoreUnreachable", () => source.ReadRangeAsync("packs/ab/pack", 5, new byte[10], default));
        }

        await proxy.DownAsync();
        await FailsAsync("StoreUnreachable", () => source.ReadRangeAsync("packs/ab/pack", 5, new byte[10], default));
        await FailsAsync("StoreUnreachable", () => source.ReadAllAsync("packs/ab/pack", content.Length, default));
        proxy.Up();
    }

    [Fact]
    public async Task An_answer_with_the_whole_object_serves_only_a_read_from_its_beginning()
    {
        server.IgnoresRanges = true;
        await using GrantedObjectSource source = Source(Quick);
        byte[] part = new byte[100_000];
        await source.ReadRangeAsync("packs/ab/pack", 0, part, default);
        Assert.Equal(content[..100_000], part);

        proxy.Next(new Fault.Truncate(50_000));
        await source.ReadRangeAsync("packs/ab/pack", 0, part, default);
        Assert.Equal(content[..100_000], part);

        await FailsAsync("StoreUnreachable", () => source.ReadRangeAsync("packs/ab/pack", 1, part, default));
        await FailsAsync("ObjectMissing", () => source.ReadRangeAsync("packs/ab/pack", 0, new byte[1_000_001], default));
    }

    [Fact]
    public async Task An_expired_address_is_demanded_again_once_for_all_readers()
    {
        await using GrantedObjectSource source = Source(Quick);
        await source.ReadRangeAsync("packs/ab/pack", 0, new byte[10], default);
        server.RevokeGrants();
        await Task.WhenAll(Enumerable.Range(0, 32).Select(async i =>
        {
            byte[] part = new byte[1_000];
            await source.ReadRangeAsync("packs/ab/pack", i * 1_000, part, default);
            Assert.Equal(content[(i * 1_000)..((i + 1) * 1_000)], part);
        }));
        Assert.Equal(2, demands.Count);
    }

    [Fact]
    public async Task An_address_that_is_refused_right_after_it_was_renewed_is_an_expired_grant()
    {
        await using GrantedObjectSource source = Source(Quick);
        proxy.Always = new Fault.Answer(403, "AccessDenied");
        await FailsAsync("GrantExpired", () => source.ReadRangeAsync("packs/ab/pack", 0, new byte[10], default));
        Assert.Equal(2, demands.Count);
        Assert.Equal(2, proxy.Requests);
        proxy.Always = null;
        await source.ReadRangeAsync("packs/ab/pack", 0, new byte[10], default);
    }

    [Fact]
    public async Task Announced_keys_are_demanded_in_batches_and_never_twice()
    {
        string[] keys = [.. Enumerable.Range(0, 2_500).Select(i => $"packs/{i}")];
        await using GrantedObjectSource source = Source(Quick);
        await source.PrepareAsync(keys, default);
        Assert.Equal([1_000, 1_000, 500], demands.Select(one => one.Length));
        Assert.Equal(keys, demands.SelectMany(one => one));
        await source.PrepareAsync(keys, default);
        await FailsAsync("ObjectMissing", () => source.ReadAllAsync("packs/7", 10, default));
        Assert.Equal(3, demands.Count);
    }

    [Fact]
    public async Task Readers_of_one_key_share_a_demand_and_what_comes_meanwhile_goes_into_the_next()
    {
        var open = new TaskCompletionSource();
        await using var source = new GrantedObjectSource(
            async (keys, _) =>
            {
                demands.Enqueue([.. keys]);
                await open.Task;
                return Addresses(keys);
            },
            Quick);
        Task first = source.ReadRangeAsync("packs/ab/pack", 0, new byte[10], default);
        while (demands.IsEmpty)
            await Task.Delay(1);
        Task[] others = [.. Enumerable.Range(0, 50).Select(i => source.ReadAllAsync($"other/{i % 5}", 10, default))];
        Task again = source.ReadRangeAsync("packs/ab/pack", 0, new byte[10], default);
        open.SetResult();
        await Task.WhenAll(first, again);
        foreach (Task other in others)
            await FailsAsync("ObjectMissing", () => other);
        Assert.Equal([1, 5], demands.Select(one => one.Length));
    }

    [Fact]
    public async Task A_failed_demand_reaches_its_readers_and_the_next_reader_demands_again()
    {
        bool works = false;
        await using var source = new GrantedObjectSource(
            (keys, _) => works ? Task.FromResult(Addresses(keys)) : throw new InvalidOperationException("the administrator's engine has gone"),
            Quick);
        await Assert.ThrowsAsync<InvalidOperationException>(() => source.ReadAllAsync("packs/ab/pack", content.Length, default));
        await Assert.ThrowsAsync<InvalidOperationException>(() => source.PrepareAsync(["packs/ab/pack"], default));
        works = true;
        Assert.Equal(content, await source.ReadAllAsync("packs/ab/pack", content.Length, default));
    }

    [Fact]
    public async Task A_key_that_is_not_granted_is_refused()
    {
        await using var source = new GrantedObjectSource(
            (keys, _) => Task.FromResult(Addresses([.. keys.Where(key => key != "secret")])),
            Quick);
        await FailsAsync("StoreAccessDenied", () => source.ReadAllAsync("secret", 10, default));
        Assert.Equal(content, await source.ReadAllAsync("packs/ab/pack", content.Length, default));
    }

    [Fact]
    public async Task Cancelling_ends_a_demand_that_hangs_and_a_read_that_hangs()
    {
        await using var hanging = new GrantedObjectSource(
            async (_, token) =>
            {
                await Task.Delay(Timeout.Infinite, token);
                throw new InvalidOperationException("never");
            },
            Quick);
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging.ReadAllAsync("packs/ab/pack", 10, cancel.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging.PrepareAsync(["packs/ab/pack"], cancel.Token));

        await using GrantedObjectSource source = Source(RetryPolicy.Default);
        proxy.Always = new Fault.Silence();
        using var later = new CancellationTokenSource();
        Task reading = source.ReadAllAsync("packs/ab/pack", content.Length, later.Token);
        while (proxy.Requests == 0)
            await Task.Delay(1);
        await later.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task Files_of_a_directory_store_are_read_in_place()
    {
        string root = Directory.CreateTempSubdirectory("imagefabric-test-").FullName;
        try
        {
            await using var store = DirectoryObjectStore.Open(Path.Combine(root, "a store#1"), create: true);
            await store.PutAsync("packs/x%20y", content, PutMode.CreateOnly, default);
            await using var source = new GrantedObjectSource(
                (keys, _) => Task.FromResult<IReadOnlyDictionary<string, Uri>>(keys.ToDictionary(key => key, key => store.Grant(key, TimeSpan.FromHours(1)))));
            Assert.Equal(content, await source.ReadAllAsync("packs/x%20y", content.Length, default));
            byte[] part = new byte[1_000];
            await source.ReadRangeAsync("packs/x%20y", 999_000, part, default);
            Assert.Equal(content[999_000..], part);
            await FailsAsync("ObjectMissing", () => source.ReadRangeAsync("packs/x%20y", 999_001, part, default));
            await FailsAsync("StoreFormatNotSupported", () => source.ReadAllAsync("packs/x%20y", 10, default));
            await FailsAsync("ObjectMissing", () => source.ReadAllAsync("none/at/all", 10, default));

            Directory.Delete(store.Location, recursive: true);
            await FailsAsync("StoreNotReachableFromHost", () => source.ReadAllAsync("packs/x%20y", content.Length, default));
            await FailsAsync("StoreNotReachableFromHost", () => source.ReadRangeAsync("packs/x%20y", 0, part, default));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task FailsAsync(string id, Func<Task> action)
    {
        StoreException error = await Assert.ThrowsAsync<StoreException>(action);
        Assert.True(id == error.Id, $"{error.Id}: {error.Message}, not {id}");
    }

    private GrantedObjectSource Source(RetryPolicy retry) => new(
        (keys, _) =>
        {
            demands.Enqueue([.. keys]);
            return Task.FromResult(Addresses(keys));
        },
        retry);

    private IReadOnlyDictionary<string, Uri> Addresses(IReadOnlyList<string> keys) =>
        keys.ToDictionary(key => key, key => server.Grant($"bucket/{key}", proxy.Address), StringComparer.Ordinal);
}
