using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Faults;

/// <summary>A store that lost or changed a little: the damage is named, and nothing made of it is given out.</summary>
public sealed class DamagedStoreTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public Task A_flipped_bit_of_a_pack_in_a_directory_is_named_and_gives_no_image() => FlipAsync(TestStore.InDirectory(scratch["store"]));

    [TestbedFact]
    public Task A_flipped_bit_of_a_pack_in_an_S3_store_is_named_and_gives_no_image() => FlipAsync(TestStore.InBucket());

    [EngineFact]
    public async Task A_damaged_index_is_named()
    {
        TestStore store = await PublishedAsync(TestStore.InDirectory(scratch["store"]));
        string index = Assert.Single(await store.KeysAsync("indexes/"));
        await store.DamageAsync(index, bytes => bytes[bytes.Length / 2] ^= 1);

        await AssertRefusedAsync(store, "IndexCorrupt", index);
    }

    [EngineFact]
    public async Task A_missing_pack_is_named()
    {
        TestStore store = await PublishedAsync(TestStore.InDirectory(scratch["store"]));
        string pack = (await store.KeysAsync("packs/"))[0];
        await store.DeleteAsync(pack);

        await AssertRefusedAsync(store, "ObjectMissing", pack);
        PublishResult again = (await store.PublishAsync(scratch["disk.raw"], "1")).Result<PublishResult>();
        Assert.Equal(1, again.PacksUploaded);
        (await store.RunAsync("verify")).Succeeded();
    }

    [EngineFact]
    public async Task A_damaged_manifest_hurts_no_other_image()
    {
        TestStore store = await PublishedAsync(TestStore.InDirectory(scratch["store"]));
        (await store.PublishAsync(scratch["disk.raw"], "2")).Succeeded();
        const string Manifest = "images/disk/1.json";
        await store.DamageAsync(Manifest, bytes => bytes[0] ^= 1);

        EngineAnswer listed = await store.RunAsync("list");
        EngineAnswer verified = await store.RunAsync("verify");

        Assert.Equal(("ManifestCorrupt", Manifest), (listed.Failure().Id, listed.Failure().Target));
        Assert.Equal("2", Assert.Single(listed.Results<ImageResult>()).Version);
        Assert.Equal("ManifestCorrupt", verified.Failure().Id);
        Assert.Equal("2", Assert.Single(verified.Results<VerifyResult>()).Version);
        Assert.Equal("ManifestCorrupt", (await store.PullAsync("1", scratch["pulled.raw"])).Failure().Id);
        Assert.Equal(0, (await store.PublishAsync(scratch["disk.raw"], "3")).Result<PublishResult>().PacksUploaded);
    }

    [EngineFact]
    public async Task An_upload_that_the_store_cannot_take_is_told_by_the_stores_own_error()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        (await store.RunAsync("probe")).Succeeded();
        Directory.CreateDirectory(Path.Combine(store.Uri, "packs"));
        foreach (int prefix in Enumerable.Range(0, 256))
            await File.WriteAllTextAsync(Path.Combine(store.Uri, "packs", $"{prefix:x2}"), "in the way");

        EngineAnswer published = await store.PublishAsync(SampleDisk.MakeDense(scratch["disk.raw"], 96 * Mebi, 96 * Mebi), "1", "--throttle", "1");

        Assert.Equal("StoreUnreachable", published.Failure().Id);
        Assert.Empty(published.Error);
    }

    private async Task FlipAsync(TestStore store)
    {
        await PublishedAsync(store);
        string pack = (await store.KeysAsync("packs/"))[0];

        // The first half of a pack holds nothing but frames.
        byte[] whole = await store.DamageAsync(pack, bytes => bytes[bytes.Length / 4] ^= 0x10);

        await AssertRefusedAsync(store, "PackCorrupt", pack);
        await store.RestoreAsync(pack, whole);
        PullResult pulled = (await store.PullAsync("1", scratch["pulled.raw"])).Result<PullResult>();
        QemuImg.AssertIdentical(scratch["disk.raw"], "raw", pulled.Path, "raw");
    }

    private async Task AssertRefusedAsync(TestStore store, string id, string target)
    {
        ErrorEvent pulled = (await store.PullAsync("1", scratch["pulled.raw"])).Failure();
        ErrorEvent pulledAsQcow2 = (await store.PullAsync("1", scratch["pulled.qcow2"])).Failure();
        ErrorEvent verified = (await store.RunAsync("verify")).Failure();

        Assert.Equal([(id, target), (id, target), (id, target)], new[] { pulled, pulledAsQcow2, verified }.Select(error => (error.Id, error.Target)));
        Assert.Contains(target, pulled.Message);
        Assert.False(File.Exists(scratch["pulled.raw"]));
        Assert.False(File.Exists(scratch["pulled.qcow2"]));
    }

    private async Task<TestStore> PublishedAsync(TestStore store)
    {
        (await store.PublishAsync(SampleDisk.MakeDense(scratch["disk.raw"], 48 * Mebi, 40 * Mebi), "1")).Succeeded();
        return store;
    }
}
