using System.Text.Json;
using System.Text.Json.Nodes;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Tests.Publish;

namespace ImageFabric.Store.Tests.Catalog;

/// <summary>Indexes, marks and texts that somebody crafted: they cost one image, and what cleans, lists and publishes goes on.</summary>
public sealed class HostileObjectTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly DirectoryInfo scratch = Directory.CreateTempSubdirectory("imagefabric-hostile-");

    private string StorePath => Path.Combine(scratch.FullName, "store");

    public void Dispose() => scratch.Delete(recursive: true);

    [Fact]
    public async Task An_index_that_lists_a_pack_without_frames_costs_one_image()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(StorePath, create: true);
        await PublishAsync(store, "good", 1);
        Manifest good = await new ImageCatalog(store).ResolveAsync(new ImageReference("good", "1"), None);
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, good, None);
        using var crafted = new SpooledObject();
        byte[][] packs = [.. Enumerable.Range(0, index.PackCount).Select(p => index.PackDigest(p).ToArray()), new byte[32]];
        using (var writer = new IndexWriter(crafted, index.VirtualSize, index.Profile, packs, [.. index.Frames], index.Chunks.Length))
        {
            foreach (ReadOnlyMemory<IndexedChunk> block in index.Chunks.Blocks())
                writer.WriteChunks(block.Span);
        }

        string key = ObjectKeys.Index(crafted.Digest());
        await store.PutSpooledAsync(key, crafted, None);
        await CraftAsync(store, json => (json["index"], json["indexSize"]) = (key, crafted.Length));

        CollectReport report = await GarbageCollector.RunAsync(store, new CollectOptions(), None);
        Assert.Equal("IndexCorrupt", Assert.Single(report.Damages).Id);
        Assert.Equal(1, report.Images);
        await PublishAsync(store, "other", 2);
    }

    [Fact]
    public async Task A_manifest_that_contradicts_anothers_index_is_the_one_that_is_named()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(StorePath, create: true);
        await PublishAsync(store, "good", 1);
        await CraftAsync(store, json => json["imageId"] = "sha256:" + new string('b', 64));
        CollectReport report = await GarbageCollector.RunAsync(store, new CollectOptions(), None);
        Assert.Equal(("ManifestCorrupt", "images/evil/1.json"), (Assert.Single(report.Damages).Id, report.Damages[0].Target));
        Assert.Equal(1, report.Images);
        await store.PutAsync(ObjectKeys.Manifest("evil", "1"), "no manifest"u8.ToArray(), PutMode.Replace, None);
        Assert.Null(await new ImageCatalog(store).RemoveAsync(new ImageReference("evil", "1"), None));
        Assert.Empty((await GarbageCollector.RunAsync(store, new CollectOptions(), None)).Damages);
    }

    [Fact]
    public void Counts_that_an_index_cannot_hold_are_refused_before_anything_is_allocated()
    {
        byte[] head = new byte[4 * 1024 * 1024];
        IndexReader.Head.CopyTo(head);
        BitConverter.TryWriteBytes(head.AsSpan(8), FormatLimits.LargestDisk);
        foreach ((int at, int value) in new[] { (16, 8192), (20, 16384), (24, 65536), (28, 0), (32, 40_000_000), (36, 40_000_000) })
            BitConverter.TryWriteBytes(head.AsSpan(at), value);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<FormatException>(() => new IndexReader(new MemoryStream(head), head.Length));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Fact]
    public async Task A_mark_that_is_too_long_and_a_date_at_the_end_of_time_keep_nothing_from_being_cleaned()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(StorePath, create: true);
        await PublishAsync(store, "good", 1);
        Manifest good = await new ImageCatalog(store).ResolveAsync(new ImageReference("good", "1"), None);
        await store.PutAsync(ObjectKeys.Mark(good.Index), new byte[10_000], PutMode.Replace, None);
        string pack = Directory.GetFiles(Path.Combine(StorePath, "packs"), "*", SearchOption.AllDirectories)[0];
        string unneeded = Path.Combine(StorePath, "packs", "00", new string('0', 64));
        Directory.CreateDirectory(Path.GetDirectoryName(unneeded)!);
        await File.WriteAllTextAsync(unneeded, "no pack");
        foreach (string file in new[] { pack, unneeded, Path.Combine(StorePath, "marks", good.Index) })
            File.SetLastWriteTimeUtc(file, new DateTime(9999, 12, 31, 23, 59, 59, DateTimeKind.Utc));

        CollectReport report = await GarbageCollector.RunAsync(store, new CollectOptions(), None);
        Assert.Equal(1, report.Images);
        Assert.Equal(1, report.Young.Count);
    }

    [Fact]
    public async Task A_label_that_is_no_text_is_refused_before_anything_is_sent()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(StorePath, create: true);
        foreach (string label in new[] { "nul\0", "\ud800half", "half\udc00" })
        {
            await RefusedAsync(store, new Dictionary<string, string> { ["os"] = label });
            await RefusedAsync(store, new Dictionary<string, string> { [label] = "os" });
        }
    }

    [Fact]
    public async Task More_labels_than_a_manifest_holds_are_refused_before_anything_is_sent()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(StorePath, create: true);
        await RefusedAsync(store, Enumerable.Range(0, 1200).ToDictionary(i => $"label{i}", _ => new string('x', 1000)));
    }

    private async Task RefusedAsync(DirectoryObjectStore store, Dictionary<string, string> labels)
    {
        StoreException refused = await Assert.ThrowsAsync<StoreException>(
            () => ImagePublisher.RunAsync(store, new MemoryDisk(MemoryDisk.Sample(1)), new PublishOptions(new ImageReference("a", "1")) { Labels = labels }, None));
        Assert.Equal(("InvalidRequest", "a:1"), (refused.Id, refused.Target));
        Assert.Empty(Directory.GetFiles(StorePath, "*", SearchOption.AllDirectories));
    }

    private static Task<PublishOutcome> PublishAsync(IObjectStore store, string name, int seed) =>
        ImagePublisher.RunAsync(store, new MemoryDisk(MemoryDisk.Sample(seed)), new PublishOptions(new ImageReference(name, "1")), None);

    private static async Task CraftAsync(DirectoryObjectStore store, Action<JsonNode> change)
    {
        JsonNode json = JsonNode.Parse(await store.ReadAllAsync(ObjectKeys.Manifest("good", "1"), FormatLimits.LongestDocument, None))!;
        json["name"] = "evil";
        change(json);
        await store.PutAsync(ObjectKeys.Manifest("evil", "1"), JsonSerializer.SerializeToUtf8Bytes(json), PutMode.Replace, None);
    }
}
