using System.Security.Cryptography;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Serve;

/// <summary>The engine that presigns addresses for hosts.</summary>
public sealed class GrantTests : IDisposable
{
    private const long Mebi = 1024 * 1024;
    private static readonly string Digest = new('a', 64);

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    public static TheoryData<string> RefusedKeys => new(
        "",
        "imagefabric.json",
        "images/disk/1.json",
        "packs/",
        "packs/../images/disk/1.json",
        $"packs/aa/../aa/{Digest}",
        $"packs/bb/{Digest}",
        $"packs/aa/{Digest}\n",
        $"packs/AA/{Digest.ToUpperInvariant()}",
        $"/packs/aa/{Digest}",
        $"engines/linux-x64/{Digest}",
        $"tmp/aa/{Digest}",
        $"packs/aa/{Digest}",
        $"indexes/aa/{Digest}",
        $"deltas/{Digest}/{Digest}");

    [EngineFact]
    public async Task A_demand_is_answered_with_an_address_for_every_key_from_a_directory()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        await AssertGrantsAsync(store, store.Reference, address => File.ReadAllBytesAsync(address.LocalPath));
    }

    [TestbedFact]
    public async Task A_demand_is_answered_with_presigned_addresses_and_keys_stay_where_they_are()
    {
        using var http = new HttpClient();
        TestStore store = TestStore.InBucket();
        StoreReference reference = store.Reference;
        reference.AccessKey = Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID");
        reference.SecretKey = Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY");

        EngineAnswer answer = await AssertGrantsAsync(store, reference, address => http.GetByteArrayAsync(address));

        Assert.DoesNotContain(reference.SecretKey!, answer.Output + answer.Error);
    }

    [EngineFact]
    public async Task The_engine_for_hosts_is_put_into_the_store_when_it_is_first_demanded()
    {
        TestStore store = await PublishedAsync(TestStore.InDirectory(scratch["store"]));
        byte[] program = await File.ReadAllBytesAsync(EngineProgram.Path);
        string key = "engines/linux-x64/" + Convert.ToHexStringLower(SHA256.HashData(program));
        string other = "engines/linux-x64/" + Digest;
        DateTime written = default;
        for (int run = 0; run < 2; run++)
        {
            await using EngineProgram granting = await StartAsync(new GrantRequest { Store = store.Reference, Image = "disk:1", HostEngine = EngineProgram.Path });
            await granting.NextEventAsync<ImageResult>(EngineEvent.ResultType);
            Assert.Equal(run == 1, File.Exists(scratch["store/" + key]));
            await DemandAsync(granting, key);
            GrantEvent granted = await granting.NextEventAsync<GrantEvent>(EngineEvent.GrantType);
            await DemandAsync(granting, other);
            Assert.Equal("InvalidRequest", (await granting.NextEventAsync<ErrorEvent>(EngineEvent.ErrorType)).Id);
            granting.Input.Close();
            await granting.FinishedAsync();

            string file = new Uri(Assert.Single(granted.Objects).Url).LocalPath;
            await using var content = new System.IO.Compression.GZipStream(File.OpenRead(file), System.IO.Compression.CompressionMode.Decompress);
            using var unpacked = new MemoryStream();
            await content.CopyToAsync(unpacked);
            Assert.Equal(program, unpacked.ToArray());
            Assert.False(File.Exists(scratch["store/" + other]));
            Assert.True(run == 0 || written == File.GetLastWriteTimeUtc(file));
            written = File.GetLastWriteTimeUtc(file);
        }

        // What is there besides images disturbs nobody.
        (await store.RunAsync("verify")).Succeeded();
    }

    [EngineTheory]
    [MemberData(nameof(RefusedKeys))]
    public async Task What_no_pull_needs_is_refused_and_the_next_demand_is_answered(string key)
    {
        TestStore store = await PublishedAsync(TestStore.InDirectory(scratch["store"]));
        await using EngineProgram program = await StartAsync(new GrantRequest { Store = store.Reference, Image = "disk:1" });
        ImageResult image = await program.NextEventAsync<ImageResult>(EngineEvent.ResultType);

        await DemandAsync(program, image.Index, key);
        ErrorEvent refused = await program.NextEventAsync<ErrorEvent>(EngineEvent.ErrorType);
        await DemandAsync(program, image.Index);
        GrantEvent granted = await program.NextEventAsync<GrantEvent>(EngineEvent.GrantType);
        program.Input.Close();
        EngineAnswer answer = await program.FinishedAsync();

        Assert.Equal("InvalidRequest", refused.Id);
        Assert.Equal(image.Index, Assert.Single(granted.Objects).Key);
        Assert.Equal("InvalidRequest", answer.Failure().Id);
        Assert.Single(answer.Events<GrantEvent>(EngineEvent.GrantType));
    }

    [EngineTheory]
    [InlineData("""{"type":"demand"}""")]
    [InlineData("""{"type":"demand","objects":null}""")]
    [InlineData("""{"type":"demand","objects":[null]}""")]
    [InlineData("""{"objects":[]}""")]
    [InlineData("demand")]
    public async Task A_demand_that_cannot_be_read_is_refused(string demand)
    {
        TestStore store = await PublishedAsync(TestStore.InDirectory(scratch["store"]));
        await using EngineProgram program = await StartAsync(new GrantRequest { Store = store.Reference, Image = "disk:1" });
        await program.Input.WriteLineAsync(demand);
        program.Input.Close();

        Assert.Equal("InvalidRequest", (await program.FinishedAsync()).Failure().Id);
    }

    [EngineFact]
    public async Task A_demand_of_more_than_a_thousand_objects_is_refused()
    {
        TestStore store = await PublishedAsync(TestStore.InDirectory(scratch["store"]));
        await using EngineProgram program = await StartAsync(new GrantRequest { Store = store.Reference, Image = "disk:1" });
        await DemandAsync(program, [.. Enumerable.Repeat($"packs/aa/{Digest}", 1001)]);
        program.Input.Close();

        Assert.Equal("InvalidRequest", (await program.FinishedAsync()).Failure().Id);
    }

    [EngineTheory]
    [InlineData("disk:2", null, "ImageNotFound")]
    [InlineData("disk:1", 59, "InvalidRequest")]
    [InlineData("disk:1", 604801, "InvalidRequest")]
    public async Task What_cannot_be_granted_ends_it(string image, int? lifetime, string id)
    {
        TestStore store = await PublishedAsync(TestStore.InDirectory(scratch["store"]));
        await using EngineProgram program = await StartAsync(new GrantRequest { Store = store.Reference, Image = image, LifetimeSeconds = lifetime });

        Assert.Equal(id, (await program.FinishedAsync()).Failure().Id);
    }

    private async Task<EngineAnswer> AssertGrantsAsync(TestStore store, StoreReference reference, Func<Uri, Task<byte[]>> read)
    {
        await PublishedAsync(store);
        var environment = new Dictionary<string, string?> { ["AWS_ACCESS_KEY_ID"] = null, ["AWS_SECRET_ACCESS_KEY"] = null };
        await using EngineProgram program = await StartAsync(new GrantRequest { Store = reference, Image = "disk" }, environment);
        ImageResult image = await program.NextEventAsync<ImageResult>(EngineEvent.ResultType);
        IReadOnlyList<string> packs = await store.KeysAsync("packs/");

        await DemandAsync(program, image.Index);
        await DemandAsync(program, [.. packs]);
        GrantEvent first = await program.NextEventAsync<GrantEvent>(EngineEvent.GrantType);
        GrantEvent second = await program.NextEventAsync<GrantEvent>(EngineEvent.GrantType);
        program.Input.Close();

        Assert.Equal([image.Index], first.Objects.Select(granted => granted.Key));
        Assert.Equal(packs, second.Objects.Select(granted => granted.Key));
        foreach (GrantedObject granted in first.Objects.Concat(second.Objects))
            Assert.EndsWith(Convert.ToHexStringLower(SHA256.HashData(await read(new Uri(granted.Url)))), granted.Key, StringComparison.Ordinal);
        return (await program.FinishedAsync()).Succeeded();
    }

    private async Task<TestStore> PublishedAsync(TestStore store)
    {
        (await store.PublishAsync(SampleDisk.MakeDense(scratch["disk.raw"], 2 * Mebi, Mebi), "1")).Succeeded();
        return store;
    }

    private static async Task<EngineProgram> StartAsync(GrantRequest request, IReadOnlyDictionary<string, string?>? environment = null)
    {
        EngineProgram program = EngineProgram.Start(["serve"], environment);
        await program.Input.WriteLineAsync(ProtocolJson.Serialize(request));
        await program.Input.FlushAsync();
        return program;
    }

    private static async Task DemandAsync(EngineProgram program, params string[] keys)
    {
        await program.Input.WriteLineAsync(ProtocolJson.Serialize(new DemandEvent { Objects = keys }));
        await program.Input.FlushAsync();
    }
}
