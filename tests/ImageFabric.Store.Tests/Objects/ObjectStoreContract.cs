using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>What every back end promises. Each test works below a prefix of its own.</summary>
public abstract class ObjectStoreContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string own = $"t{Guid.NewGuid():N}";

    /// <summary>Whether the service itself lets one writer win.</summary>
    protected virtual bool ConditionalWrites => true;

    /// <summary>How often writers race; where each race waits for claims to settle, less often.</summary>
    protected virtual int RaceRounds => 8;

    /// <summary>The store under test.</summary>
    protected abstract Task<IObjectStore> OpenAsync();

    [EnvironmentFact]
    public async Task What_is_put_is_read_back_whole_and_by_ranges()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = Random(300_000);
        string key = $"{own}/packs/ab/object";
        Assert.True(await store.PutAsync(key, content, PutMode.CreateOnly, None));

        Assert.Equal(content, await store.ReadAllAsync(key, content.Length, None));
        foreach ((int offset, int length) in new[] { (0, 1), (0, 300_000), (299_999, 1), (4_096, 65_536), (300_000, 0) })
        {
            byte[] part = new byte[length];
            await store.ReadRangeAsync(key, offset, part, None);
            Assert.Equal(content[offset..(offset + length)], part);
        }
    }

    [EnvironmentFact]
    public async Task An_empty_object_is_an_object()
    {
        await using IObjectStore store = await OpenAsync();
        string key = $"{own}/empty";
        Assert.True(await store.PutAsync(key, ReadOnlyMemory<byte>.Empty, PutMode.CreateOnly, None));
        Assert.Empty(await store.ReadAllAsync(key, 0, None));
        Assert.Equal(0, (await store.StatAsync(key, None))!.Length);
        Assert.False(await store.PutAsync(key, new byte[1], PutMode.CreateOnly, None));
    }

    [EnvironmentFact]
    public async Task A_range_beyond_the_end_and_an_object_that_is_not_there_are_missing()
    {
        await using IObjectStore store = await OpenAsync();
        string key = $"{own}/short";
        await store.PutAsync(key, Random(100), PutMode.Replace, None);
        await FailsAsync("ObjectMissing", () => store.ReadRangeAsync(key, 50, new byte[51], None));
        await FailsAsync("ObjectMissing", () => store.ReadRangeAsync(key, 100, new byte[1], None));
        await FailsAsync("ObjectMissing", () => store.ReadRangeAsync($"{own}/none", 0, new byte[1], None));
        await FailsAsync("ObjectMissing", () => store.ReadAllAsync($"{own}/none", 10, None));
        await FailsAsync("ObjectMissing", () => store.ReadAllAsync($"{own}/no/such/folder", 10, None));
        Assert.Null(await store.StatAsync($"{own}/none", None));
    }

    [EnvironmentFact]
    public async Task An_object_longer_than_the_reader_allows_is_refused()
    {
        await using IObjectStore store = await OpenAsync();
        string key = $"{own}/long";
        await store.PutAsync(key, Random(101), PutMode.Replace, None);
        await FailsAsync("StoreFormatNotSupported", () => store.ReadAllAsync(key, 100, None));
        Assert.Equal(101, (await store.ReadAllAsync(key, 101, None)).Length);
    }

    [EnvironmentFact]
    public async Task Replace_takes_the_place_and_create_only_does_not()
    {
        await using IObjectStore store = await OpenAsync();
        string key = $"{own}/object";
        Assert.True(await store.PutAsync(key, "one"u8.ToArray(), PutMode.Replace, None));
        Assert.False(await store.PutAsync(key, "two"u8.ToArray(), PutMode.CreateOnly, None));
        Assert.Equal("one"u8.ToArray(), await store.ReadAllAsync(key, 10, None));
        Assert.True(await store.PutAsync(key, "three"u8.ToArray(), PutMode.Replace, None));
        Assert.Equal("three"u8.ToArray(), await store.ReadAllAsync(key, 10, None));
    }

    [EnvironmentFact]
    public async Task An_object_is_replaced_only_while_it_is_what_was_expected()
    {
        await using IObjectStore store = await OpenAsync();
        string key = $"{own}/document";
        Assert.False(await store.ReplaceAsync(key, "two"u8.ToArray(), "one"u8.ToArray(), None));
        Assert.Null(await store.StatAsync(key, None));
        await store.PutAsync(key, "one"u8.ToArray(), PutMode.Replace, None);
        Assert.True(await store.ReplaceAsync(key, "three"u8.ToArray(), "one"u8.ToArray(), None));
        Assert.False(await store.ReplaceAsync(key, "four"u8.ToArray(), "one"u8.ToArray(), None));
        Assert.Equal("three"u8.ToArray(), await store.ReadAllAsync(key, 10, None));
        if (!ConditionalWrites)
            return;
        for (int round = 0; round < 20; round++)
        {
            string raced = $"{own}/raced-{round}";
            await store.PutAsync(raced, "old"u8.ToArray(), PutMode.Replace, None);
            await Task.WhenAll(store.ReplaceAsync(raced, "new"u8.ToArray(), "old"u8.ToArray(), None), store.DeleteAsync(raced, None));
            Assert.Null(await store.StatAsync(raced, None));
        }
    }

    [EnvironmentFact]
    public async Task The_store_knows_the_time()
    {
        await using IObjectStore store = await OpenAsync();
        Assert.InRange(await Store.Collect.StoreClock.ReadAsync(store, None), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        await foreach (StoredObject left in store.ListAsync("tmp/clock-", None))
            Assert.Fail(left.Key);
    }

    [EnvironmentFact]
    public async Task Of_sixteen_writers_at_once_exactly_one_creates()
    {
        await using IObjectStore store = await OpenAsync();
        Assert.Equal(ConditionalWrites, await ObjectStores.ProbeConditionalWritesAsync(store, None));
        Assert.Equal(ConditionalWrites, store.ConditionalWrites);
        for (int round = 0; round < RaceRounds; round++)
        {
            string key = $"{own}/race{round}";
            using var start = new Barrier(16);
            bool[] won = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return store.PutAsync(key, Content(writer), PutMode.CreateOnly, None);
                },
                None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).Unwrap()));
            Assert.Equal(1, won.Count(one => one));
            Assert.Equal(Content(Array.IndexOf(won, true)), await store.ReadAllAsync(key, 100_000, None));
        }

        static byte[] Content(int writer) => Enumerable.Repeat((byte)writer, 20_000 + writer).ToArray();
    }

    [EnvironmentFact]
    public async Task A_reader_never_sees_part_of_an_object_that_is_being_replaced()
    {
        await using IObjectStore store = await OpenAsync();
        string key = $"{own}/replaced";
        await store.PutAsync(key, Filled(0), PutMode.Replace, None);
        Task writer = Task.Run(async () =>
        {
            for (byte value = 1; value <= 20; value++)
                await store.PutAsync(key, Filled(value), PutMode.Replace, None);
        });
        int seen = 0;
        while (!writer.IsCompleted || seen == 0)
        {
            byte[] content = await store.ReadAllAsync(key, 1 << 20, None);
            Assert.Equal(200_000, content.Length);
            Assert.Equal(-1, content.AsSpan().IndexOfAnyExcept(content[0]));
            seen++;
        }

        await writer;

        static byte[] Filled(byte value) => Enumerable.Repeat(value, 200_000).ToArray();
    }

    [EnvironmentFact]
    public async Task A_listing_has_every_object_with_the_prefix_and_no_other()
    {
        await using IObjectStore store = await OpenAsync();
        var expected = Enumerable.Range(0, 1_205).Select(i => $"{own}/list/{i % 7:x2}/object-{i}").ToHashSet(StringComparer.Ordinal);
        await Parallel.ForEachAsync(expected, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (key, token) =>
            await store.PutAsync(key, "12345"u8.ToArray(), PutMode.Replace, token));
        await store.PutAsync($"{own}/listing", "x"u8.ToArray(), PutMode.Replace, None);

        List<StoredObject> listed = await ListAsync(store, $"{own}/list/");
        Assert.Equal(expected.Count, listed.Count);
        Assert.Equal(expected, listed.Select(one => one.Key).ToHashSet(StringComparer.Ordinal));
        Assert.All(listed, one => Assert.Equal(5, one.Length));
        Assert.All(listed, one => Assert.InRange(one.LastModified, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1)));

        Assert.Equal(expected.Count + 1, (await ListAsync(store, $"{own}/list")).Count);
        Assert.Equal([$"{own}/listing"], (await ListAsync(store, $"{own}/listi")).Select(one => one.Key));
        Assert.Empty(await ListAsync(store, $"{own}/none"));
        Assert.Empty(await ListAsync(store, $"{own}/none/deeper/"));
    }

    [EnvironmentFact]
    public async Task Stat_says_length_and_time()
    {
        await using IObjectStore store = await OpenAsync();
        await store.PutAsync($"{own}/stat", Random(12_345), PutMode.Replace, None);
        StoredObject? found = await store.StatAsync($"{own}/stat", None);
        Assert.NotNull(found);
        Assert.Equal($"{own}/stat", found.Key);
        Assert.Equal(12_345, found.Length);
        Assert.InRange(found.LastModified, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }

    [EnvironmentFact]
    public async Task What_is_deleted_is_gone_and_may_be_deleted_again()
    {
        await using IObjectStore store = await OpenAsync();
        await store.PutAsync($"{own}/deleted", Random(10), PutMode.Replace, None);
        await store.DeleteAsync($"{own}/deleted", None);
        Assert.Null(await store.StatAsync($"{own}/deleted", None));
        await store.DeleteAsync($"{own}/deleted", None);
        await store.DeleteAsync($"{own}/never/was", None);
        Assert.True(await store.PutAsync($"{own}/deleted", Random(10), PutMode.CreateOnly, None));
    }

    [EnvironmentFact]
    public async Task Odd_names_are_names()
    {
        await using IObjectStore store = await OpenAsync();
        string[] names =
        [
            "with blank", "plus+plus", "per%20cent", "a&b=c", "hash#tag", "quest?ion", "ümläut-日本", "semi;colon", "til~de", "quote's", "at@home",
            "...", ".hidden", "dash-", "comma,", "(paren)", "star*", "$dollar", "a:b", new string('n', 200),
        ];
        foreach (string name in names)
        {
            byte[] content = Random(name.Length + 1);
            Assert.True(await store.PutAsync($"{own}/odd/{name}", content, PutMode.Replace, None));
            Assert.Equal(content, await store.ReadAllAsync($"{own}/odd/{name}", 10_000, None));

            // Grants travel as text.
            string grant = store.Grant($"{own}/odd/{name}", TimeSpan.FromMinutes(5)).AbsoluteUri;
            Assert.Equal(content, await GrantedBytesAsync(new Uri(grant)));
        }

        Assert.Equal(
            names.Select(name => $"{own}/odd/{name}").ToHashSet(StringComparer.Ordinal),
            (await ListAsync(store, $"{own}/odd/")).Select(one => one.Key).ToHashSet(StringComparer.Ordinal));
    }

    [EnvironmentFact]
    public async Task A_key_that_could_leave_the_store_is_refused()
    {
        await using IObjectStore store = await OpenAsync();
        foreach (string key in new[] { "../out", "a/../../out", "/etc/passwd", "a//b", "a/./b", "a/", "..", "a\\..\\b", "a\0b", "line\nbreak", "", new string('n', 901) })
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(() => store.PutAsync(key, new byte[1], PutMode.Replace, None));
            await Assert.ThrowsAnyAsync<ArgumentException>(() => store.ReadAllAsync(key, 1, None));
            await Assert.ThrowsAnyAsync<ArgumentException>(() => store.ReadRangeAsync(key, 0, new byte[1], None));
            await Assert.ThrowsAnyAsync<ArgumentException>(() => store.StatAsync(key, None));
            await Assert.ThrowsAnyAsync<ArgumentException>(() => store.DeleteAsync(key, None));
            Assert.ThrowsAny<ArgumentException>(() => store.Grant(key, TimeSpan.FromMinutes(1)));
        }

        await Assert.ThrowsAnyAsync<ArgumentException>(() => ListAsync(store, "../"));
    }

    [EnvironmentFact]
    public async Task Work_that_is_cancelled_stops_and_leaves_nothing()
    {
        await using IObjectStore store = await OpenAsync();
        await store.PutAsync($"{own}/there", Random(10), PutMode.Replace, None);
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.PutAsync($"{own}/cancelled", Random(10), PutMode.Replace, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.ReadAllAsync($"{own}/there", 10, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.ReadRangeAsync($"{own}/there", 0, new byte[1], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StoredObject one in store.ListAsync(own, cancelled))
                Assert.Fail($"{one.Key} was listed.");
        });
        Assert.Equal([$"{own}/there"], (await ListAsync(store, own)).Select(one => one.Key));
    }

    [EnvironmentFact]
    public async Task The_probe_finds_conditional_writes_and_leaves_nothing()
    {
        await using IObjectStore store = await OpenAsync();
        Assert.Equal(ConditionalWrites, await ObjectStores.ProbeConditionalWritesAsync(store, None));
        Assert.DoesNotContain(await ListAsync(store, "tmp/"), static one => one.Key.StartsWith("tmp/probe", StringComparison.Ordinal));
    }

    [EnvironmentFact]
    public async Task What_is_written_with_its_digest_takes_the_place_of_what_was_there()
    {
        await using IObjectStore store = await OpenAsync();
        byte[] content = Random(300_000);
        await store.PutAsync("hashed", Random(10), PutMode.Replace, None);
        await store.PutHashedAsync("hashed", content, System.Security.Cryptography.SHA256.HashData(content), None);
        Assert.Equal(content, await store.ReadAllAsync("hashed", content.Length, None));
        Assert.Equal(0, store.PassingFaults);
    }

    /// <summary>Reads what was granted without the store.</summary>
    protected abstract Task<byte[]> GrantedBytesAsync(Uri grant);

    protected static async Task FailsAsync(string id, Func<Task> action)
    {
        StoreException error = await Assert.ThrowsAsync<StoreException>(action);
        Assert.True(id == error.Id, $"{error.Id}: {error.Message}, not {id}");
    }

    protected static async Task<List<StoredObject>> ListAsync(IObjectStore store, string prefix)
    {
        var all = new List<StoredObject>();
        await foreach (StoredObject one in store.ListAsync(prefix, None))
            all.Add(one);
        return all;
    }

    protected static byte[] Random(int length)
    {
        byte[] content = new byte[length];
        System.Random.Shared.NextBytes(content);
        return content;
    }
}
