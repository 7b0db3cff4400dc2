using System.Collections.Concurrent;
using Amazon.S3;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Tests.Faults;
using ImageFabric.Store.Tests.Objects;

namespace ImageFabric.Store.Tests.Collect;

/// <summary>In a directory, whose files are made older.</summary>
public sealed class DirectoryCollectorTests : CollectorContract
{
    private string Root => Path.Combine(Scratch, "store");

    protected override TimeProvider StoreTime => TimeProvider.System;

    protected override Task<IObjectStore> OpenAsync() => ObjectStores.OpenAsync(new ObjectStoreLocation { Uri = Root }, create: true, CancellationToken.None);

    protected override void Pass(TimeSpan time)
    {
        foreach (string file in Directory.EnumerateFiles(Root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file) - time);
    }

    protected override void LeaveUnfinished(string name)
    {
        Directory.CreateDirectory(Path.Combine(Root, "tmp"));
        File.WriteAllBytes(Path.Combine(Root, "tmp", $".partial-{Id(name)}"), new byte[1000]);
    }
}

/// <summary>In a bucket of a service whose clock is nobody else's.</summary>
public sealed class S3CollectorTests : CollectorContract
{
    private readonly JumpingTime time = new() { Ahead = TimeSpan.FromMinutes(-7) };
    private readonly ObjectServer server;

    public S3CollectorTests() => server = new ObjectServer { Now = time.GetUtcNow, PageLength = 3 };

    protected override TimeProvider StoreTime => time;

    public override void Dispose()
    {
        server.DisposeAsync().AsTask().Wait();
        base.Dispose();
    }

    protected override Task<IObjectStore> OpenAsync() => ObjectStores.OpenAsync(
        new ObjectStoreLocation { Uri = "s3://bucket/prefix", Endpoint = server.Address.ToString(), AccessKey = "a", SecretKey = "s" }, create: true, CancellationToken.None);

    // An object's own answer tells its time in whole seconds.
    protected override void Pass(TimeSpan time) => this.time.Ahead += time + TimeSpan.FromSeconds(2);

    protected override void LeaveUnfinished(string name) => server.Uploads[$"bucket/prefix/{PackNamed(name)}"] = time.GetUtcNow();
}

/// <summary>In a bucket of Ceph's gateway, whose clock cannot be moved: its times are.</summary>
[NeedsEnvironment("IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
public sealed class CephCollectorTests : CollectorContract
{
    private readonly string prefix = $"collect-{Guid.NewGuid():N}";
    private readonly ConcurrentDictionary<string, TimeSpan> written = new();
    private readonly JumpingTime time = new();

    protected override TimeProvider StoreTime => time;

    protected override async Task<IObjectStore> OpenAsync() => new AgeingStore(await TestStores.S3Async(prefix), time, written);

    // An object's own answer tells its time in whole seconds.
    protected override void Pass(TimeSpan time) => this.time.Ahead += time + TimeSpan.FromSeconds(2);

    protected override void LeaveUnfinished(string name)
    {
        written[PackNamed(name)] = time.Ahead;
        using var client = new AmazonS3Client(new AmazonS3Config { ServiceURL = Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT"), ForcePathStyle = true });
        client.InitiateMultipartUploadAsync(Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_BUCKET"), $"{prefix}/{PackNamed(name)}").Wait();
    }
}
