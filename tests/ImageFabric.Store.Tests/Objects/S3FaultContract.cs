using System.Security.Cryptography;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Tests.Faults;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>What an S3 store makes of a bad network and a bad day of the service, whichever service it is.</summary>
public abstract class S3FaultContract
{
    private static readonly RetryPolicy Quick = new()
    {
        Patience = TimeSpan.FromSeconds(20),
        FirstDelay = TimeSpan.FromMilliseconds(10),
        LongestDelay = TimeSpan.FromMilliseconds(100),
        Stall = TimeSpan.FromMilliseconds(500),
    };

    private static readonly RetryPolicy Impatient = Quick with { Patience = TimeSpan.FromMilliseconds(500) };

    private readonly byte[] content = RandomBytes(1_000_000);

    /// <summary>Faults that pass, on the way of a read.</summary>
    private static Fault[] ReadFaults =>
    [
        new Fault.Answer(500, "InternalError"), new Fault.Answer(503, "SlowDown"), new Fault.Answer(429, "TooManyRequests"), new Fault.Answer(502, ""),
        new Fault.Reset(), new Fault.LoseAnswer(), new Fault.Silence(), new Fault.Stall(0), new Fault.Stall(70_000), new Fault.Truncate(0), new Fault.Truncate(70_000),
        new Fault.Trickle(50_000), new Fault.LieAboutLength(1), new Fault.LieAboutLength(-1),
    ];

    /// <summary>Faults that pass, on the way of a write.</summary>
    private static Fault[] WriteFaults =>
    [
        new Fault.Answer(500, "InternalError"), new Fault.Answer(503, "SlowDown"), new Fault.Answer(409, "ConditionalRequestConflict"),
        new Fault.Answer(409, "OperationAborted"), new Fault.Reset(), new Fault.LoseAnswer(), new Fault.FlipRequestBit(70_000), new Fault.Silence(),
    ];

    /// <summary>The service under test, and a bucket of it.</summary>
    protected abstract (Uri Endpoint, string Bucket) Service { get; }

    [EnvironmentFact]
    public async Task Reads_get_over_faults_that_pass()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, Quick);
        await store.PutAsync("object", content, PutMode.Replace, default);
        foreach (Fault fault in ReadFaults)
        {
            proxy.Next(fault);
            byte[] part = new byte[500_000];
            await store.ReadRangeAsync("object", 123_456, part, default);
            Assert.True(content.AsSpan(123_456, part.Length).SequenceEqual(part), $"range after {fault}");

            // A whole object that claims to be shorter looks whole; what is in it says that it is not.
            if (fault is Fault.LieAboutLength { By: < 0 })
                continue;
            proxy.Next(fault, fault);
            byte[] whole = await store.ReadAllAsync("object", content.Length + 1, default);
            Assert.True(content.AsSpan().SequenceEqual(whole), $"whole after {fault}");
        }
    }

    [EnvironmentFact]
    public async Task Writes_get_over_faults_that_pass_and_what_is_stored_is_whole()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, Quick);
        foreach (Fault fault in WriteFaults)
        {
            foreach (PutMode mode in Enum.GetValues<PutMode>())
            {
                int before = proxy.Requests;
                proxy.Next(fault, fault);
                Assert.True(await store.PutAsync($"{mode}", content, mode, default), $"{mode} after {fault}");
                Assert.True(proxy.Requests >= before + 3, $"{fault} was not met");
                Assert.Equal(content, await store.ReadAllAsync($"{mode}", content.Length, default));
                await store.DeleteAsync($"{mode}", default);
            }

            proxy.Next(fault, fault);
            await store.PutHashedAsync("hashed", content, SHA256.HashData(content), default);
            byte[] stored = await store.ReadAllAsync("hashed", content.Length, default);
            Assert.True(content.AsSpan().SequenceEqual(stored), $"hashed after {fault}");
            await store.DeleteAsync("hashed", default);
        }
    }

    [EnvironmentFact]
    public async Task What_does_not_have_the_digest_that_was_signed_is_refused()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, Impatient);
        await Assert.ThrowsAsync<StoreException>(() => store.PutHashedAsync("hashed", content, SHA256.HashData(content.AsSpan(1)), default));
        Assert.Null(await store.StatAsync("hashed", default));
    }

    [EnvironmentFact]
    public async Task A_writer_whose_answer_was_lost_knows_its_own_object_from_anothers()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, Quick);
        proxy.Next(new Fault.LoseAnswer());
        Assert.True(await store.PutAsync("contested", content, PutMode.CreateOnly, default));
        proxy.Next(new Fault.LoseAnswer());
        Assert.False(await store.PutAsync("contested", content, PutMode.CreateOnly, default));
        proxy.Next(new Fault.Reset());
        Assert.False(await store.PutAsync("contested", content, PutMode.CreateOnly, default));
    }

    [EnvironmentFact]
    public async Task Listing_looking_and_deleting_get_over_faults_that_pass()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, Quick);
        await store.PutAsync("object", content, PutMode.Replace, default);
        foreach (Fault fault in new Fault[] { new Fault.Answer(503, "SlowDown"), new Fault.Reset(), new Fault.LoseAnswer(), new Fault.Truncate(0) })
        {
            proxy.Next(fault);
            await foreach (StoredObject one in store.ListAsync("", default))
                Assert.Equal("object", one.Key);
            if (fault is Fault.Truncate)
                continue;
            proxy.Next(fault);
            Assert.Equal(content.Length, (await store.StatAsync("object", default))!.Length);
            proxy.Next(fault);
            await store.DeleteAsync("none", default);
        }
    }

    [EnvironmentFact]
    public async Task Refusals_are_final_have_their_ids_and_cost_one_request()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, Quick);
        (int Status, string Code, string Id)[] cases =
        [
            (403, "AccessDenied", "StoreAccessDenied"), (401, "Unauthorized", "StoreAccessDenied"), (403, "RequestTimeTooSkewed", "ClockSkewed"),
            (400, "ExpiredToken", "StoreCredentialsEnded"), (400, "InvalidBucketName", "InvalidRequest"), (400, "XMinioAdminBucketQuotaExceeded", "StoreFull"),
            (403, "SecondLevelDomainForbidden", "StoreRefused"), (307, "TemporaryRedirect", "StoreRedirects"),
            (404, "NoSuchBucket", "StoreNotFound"), (507, "InsufficientStorage", "StoreFull"), (403, "QuotaExceeded", "StoreFull"), (400, "MalformedXML", "StoreRefused"),
        ];
        foreach ((int status, string code, string id) in cases)
        {
            foreach (Func<Task> work in new Func<Task>[]
            {
                () => store.PutAsync("x", content, PutMode.Replace, default),
                () => store.PutAsync("x", content, PutMode.CreateOnly, default),
                () => store.ReadAllAsync("x", 10, default),
                () => store.ReadRangeAsync("x", 0, new byte[10], default),
                () => store.DeleteAsync("x", default),
                async () => await store.ListAsync("", default).GetAsyncEnumerator().MoveNextAsync(),
            })
            {
                int before = proxy.Requests;
                proxy.Next(new Fault.Answer(status, code));
                StoreException error = await Assert.ThrowsAsync<StoreException>(work);
                Assert.True(id == error.Id, $"{status} {code} gave {error.Id}: {error.Message}");
                Assert.Equal(before + 1, proxy.Requests);
            }
        }
    }

    [EnvironmentFact]
    public async Task A_read_that_breaks_off_again_and_again_goes_on_where_it_stopped()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, Impatient);
        await store.PutAsync("object", content, PutMode.Replace, default);
        int before = proxy.Requests;
        proxy.Always = new Fault.Truncate(100_000);
        byte[] back = new byte[content.Length];
        await store.ReadRangeAsync("object", 0, back, default);
        Assert.Equal(content, back);
        Assert.InRange(proxy.Requests - before, 10, 11);
    }

    [EnvironmentFact]
    public async Task A_store_that_stays_away_is_unreachable()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, Impatient);
        await store.PutAsync("object", content, PutMode.Replace, default);
        foreach (Fault fault in new Fault[] { new Fault.Reset(), new Fault.Answer(503, "SlowDown"), new Fault.Truncate(0) })
        {
            int before = proxy.Requests;
            proxy.Always = fault;
            await UnreachableAsync(() => store.ReadRangeAsync("object", 0, new byte[10], default));
            await UnreachableAsync(() => store.ReadAllAsync("object", content.Length, default));
            Assert.True(proxy.Requests > before + 4, $"{fault} was not tried again");
        }

        proxy.Always = new Fault.Truncate(10);
        await UnreachableAsync(() => store.ReadAllAsync("object", content.Length, default));

        await proxy.DownAsync();
        await UnreachableAsync(() => store.ReadRangeAsync("object", 0, new byte[10], default));
        await UnreachableAsync(() => store.PutAsync("object", content, PutMode.Replace, default));
        await UnreachableAsync(() => store.PutAsync("other", content, PutMode.CreateOnly, default));
        await UnreachableAsync(() => store.StatAsync("object", default));
        await UnreachableAsync(() => store.DeleteAsync("object", default));
        await UnreachableAsync(() => OpenAsync(proxy, Impatient));
        proxy.Up();
    }

    [EnvironmentFact]
    public async Task A_store_that_is_down_for_five_seconds_in_mid_work_costs_nothing_but_time()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, RetryPolicy.Default);
        using var stop = new CancellationTokenSource();
        int done = 0;
        Task[] work = [.. Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                string key = $"down/{worker}/{i}";
                Assert.True(await store.PutAsync(key, content, PutMode.CreateOnly, default));
                Assert.Equal(content, await store.ReadAllAsync(key, content.Length, default));
                await store.DeleteAsync(key, default);
                Interlocked.Increment(ref done);
            }
        }))];

        await WaitForAsync(() => Volatile.Read(ref done) > 8);
        await proxy.DownAsync();
        await Task.Delay(TimeSpan.FromSeconds(5));
        proxy.Up();
        int before = Volatile.Read(ref done);
        await WaitForAsync(() => Volatile.Read(ref done) > before + 16);
        await stop.CancelAsync();
        await Task.WhenAll(work);
    }

    [EnvironmentFact]
    public async Task Cancelling_ends_a_request_that_hangs()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, RetryPolicy.Default);
        await store.PutAsync("object", content, PutMode.Replace, default);
        proxy.Always = new Fault.Silence();
        foreach (Func<CancellationToken, Task> work in new Func<CancellationToken, Task>[]
        {
            token => store.ReadRangeAsync("object", 0, new byte[10], token),
            token => store.ReadAllAsync("object", content.Length, token),
            token => store.PutAsync("object", content, PutMode.Replace, token),
            token => store.PutAsync("other", content, PutMode.CreateOnly, token),
            async token => await store.ListAsync("", token).GetAsyncEnumerator(token).MoveNextAsync(),
        })
        {
            using var cancel = new CancellationTokenSource();
            int before = proxy.Requests;
            Task task = work(cancel.Token);
            await WaitForAsync(() => proxy.Requests > before);
            Assert.False(task.IsCompleted);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        }
    }

    [EnvironmentFact]
    public async Task A_service_without_conditional_writes_is_looked_at_first()
    {
        await using var proxy = new FaultProxy(Service.Endpoint);
        await using IObjectStore store = await OpenAsync(proxy, Quick);
        Assert.True(store.ConditionalWrites);
        proxy.Next(new Fault.Answer(501, "NotImplemented"));
        Assert.True(await store.PutAsync("object", content, PutMode.CreateOnly, default));
        Assert.False(store.ConditionalWrites);
        Assert.False(await store.PutAsync("object", new byte[1], PutMode.CreateOnly, default));
        Assert.Equal(content, await store.ReadAllAsync("object", content.Length, default));
        Assert.False(await ObjectStores.ProbeConditionalWritesAsync(store, default));
    }

    internal Task<S3ObjectStore> OpenAsync(FaultProxy proxy, RetryPolicy retry) => S3ObjectStore.OpenAsync(
        new ObjectStoreLocation
        {
            Uri = $"s3://{Service.Bucket}/faults-{Guid.NewGuid():N}",
            Endpoint = proxy.Address.ToString(),
            AccessKey = Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID") ?? "anyone",
            SecretKey = Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY") ?? "anything",
        },
        create: false,
        retry,
        retry,
        default);

    private static async Task UnreachableAsync(Func<Task> work)
    {
        StoreException error = await Assert.ThrowsAsync<StoreException>(work);
        Assert.True(error.Id == "StoreUnreachable", $"{error.Id}: {error.Message}");
        Assert.NotNull(error.InnerException);
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
            await Task.Delay(5, limit.Token);
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }
}
