using System.Security.Cryptography;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>Deltas as whoever publishes and pulls meets them. The second version resembles the first, and shares two thirds of its chunks with it.</summary>
public sealed class DeltaTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();
    private readonly TestStore store;
    private readonly string first;
    private readonly string second;

    public DeltaTests()
    {
        store = TestStore.InDirectory(scratch["store"]);
        first = SampleDisk.MakeDense(scratch["1.raw"], 24 * Mebi, 16 * Mebi);
        second = SampleDisk.MakeShifted(scratch["2.raw"], first);
    }

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public async Task A_host_that_has_the_version_that_a_delta_starts_from_fetches_less_and_gets_the_same()
    {
        (await store.PublishAsync(first, "1")).Succeeded();
        PublishResult plain = (await store.PublishAsync(second, "2")).Result<PublishResult>();
        SyncResult without = await SyncAsync("without", "1", "2");

        // A delta can be made of a version that was published long ago.
        PublishResult again = (await store.PublishAsync(second, "2", "--delta-from", "1")).Result<PublishResult>();
        SyncResult with = await SyncAsync("with", "1", "2");
        SyncResult fresh = await SyncAsync("fresh", "2");

        Assert.Equal((0, false), (plain.DeltaBytes, again.Created));
        Assert.InRange(again.DeltaBytes, 1, Mebi);
        Assert.Equal(again.DeltaBytes, Assert.Single(Deltas()).Length);
        Assert.InRange(without.BytesFetched, 5 * Mebi, 8 * Mebi);
        Assert.InRange(with.BytesFetched, 1, without.BytesFetched / 4);
        Assert.InRange(fresh.BytesFetched, 16 * Mebi, 24 * Mebi);
        string digest = await DigestAsync(second);
        foreach (SyncResult sync in new[] { without, with, fresh })
            Assert.Equal(digest, await DigestAsync(sync.Path!));
    }

    [EngineFact]
    public async Task A_file_of_the_older_version_is_as_good_as_its_image_on_a_host()
    {
        (await store.PublishAsync(first, "1")).Succeeded();
        PublishResult published = (await store.PublishAsync(second, "2", "--delta-from", "latest")).Result<PublishResult>();

        PullResult pulled = (await store.PullAsync("2", scratch["pulled.raw"], "--seed", first)).Result<PullResult>();

        Assert.InRange(published.DeltaBytes, 1, Mebi);
        Assert.InRange(published.BytesUploaded - published.DeltaBytes, 5 * Mebi, 8 * Mebi);
        Assert.InRange(pulled.BytesFetched, 1, 2 * Mebi);
        Assert.Equal(await DigestAsync(second), await DigestAsync(pulled.Path));
    }

    [EngineFact]
    public async Task Latest_is_the_newest_other_version_and_the_first_has_none()
    {
        PublishResult alone = (await store.PublishAsync(first, "1", "--delta-from", "latest")).Result<PublishResult>();
        PublishResult published = (await store.PublishAsync(second, "2", "--delta-from", "latest", "--delta-from", "1")).Result<PublishResult>();
        PublishResult again = (await store.PublishAsync(second, "2", "--delta-from", "latest")).Result<PublishResult>();

        Assert.Equal((0, 0), (alone.DeltaBytes, again.DeltaBytes));
        Assert.Equal(published.DeltaBytes, Assert.Single(Deltas()).Length);
    }

    [EngineFact]
    public async Task A_dry_run_makes_none()
    {
        (await store.PublishAsync(first, "1")).Succeeded();

        PublishResult planned = (await store.PublishAsync(second, "2", "--delta-from", "1", "--dry-run")).Result<PublishResult>();

        Assert.Equal(0, planned.DeltaBytes);
        Assert.Empty(Deltas());
    }

    [EngineTheory]
    [InlineData("9", "ImageNotFound", "disk:9")]
    [InlineData("2", "InvalidRequest", "disk:2")]
    public async Task A_version_that_it_cannot_start_from_is_refused_before_anything_is_uploaded(string version, string id, string target)
    {
        (await store.PublishAsync(first, "1")).Succeeded();
        string[] before = Directory.GetFiles(store.Uri, "*", SearchOption.AllDirectories);

        ErrorEvent refused = (await store.PublishAsync(second, "2", "--delta-from", "1", "--delta-from", version)).Failure();

        Assert.Equal((id, target), (refused.Id, refused.Target));
        Assert.Equal(before.Order(), Directory.GetFiles(store.Uri, "*", SearchOption.AllDirectories).Order());
    }

    [EngineFact]
    public async Task An_image_is_published_even_when_its_delta_fails()
    {
        (await store.PublishAsync(first, "1")).Succeeded();
        foreach (string pack in Directory.GetFiles(Path.Combine(store.Uri, "packs"), "*", SearchOption.AllDirectories))
            SampleDisk.Overwrite(pack, 4096, 4096, seed: 9);

        EngineAnswer answer = await store.PublishAsync(second, "2", "--delta-from", "1");

        Assert.Equal("PackCorrupt", answer.Failure().Id);
        PublishResult published = Assert.Single(answer.Results<PublishResult>());
        Assert.Equal((true, 0), (published.Created, published.DeltaBytes));
        Assert.Empty(Deltas());
        (await store.RunAsync("list", "disk:2")).Result<ImageResult>();
    }

    private FileInfo[] Deltas() =>
        new DirectoryInfo(Path.Combine(store.Uri, "deltas")) is { Exists: true } folder ? folder.GetFiles("*", SearchOption.AllDirectories) : [];

    // Brings versions one after the other to a directory of this machine's, and says how the last one came.
    private async Task<SyncResult> SyncAsync(string host, params string[] versions)
    {
        var result = new SyncResult();
        foreach (string version in versions)
            result = (await store.RunAsync("sync", $"disk:{version}", "--host", "localhost", "--image-directory", scratch[host])).Result<SyncResult>();
        return result;
    }

    private static async Task<string> DigestAsync(string path)
    {
        await using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    }
}
