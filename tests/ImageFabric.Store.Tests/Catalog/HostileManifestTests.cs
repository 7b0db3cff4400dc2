using System.Text.Json;
using System.Text.Json.Nodes;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Tests.Publish;

namespace ImageFabric.Store.Tests.Catalog;

/// <summary>What a manifest that somebody crafted does: it costs one image, and touches nothing but the store.</summary>
public sealed class HostileManifestTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly DirectoryInfo scratch = Directory.CreateTempSubdirectory("imagefabric-hostile-");

    private string Cache => Path.Combine(scratch.FullName, "cache");

    private string StorePath => Path.Combine(scratch.FullName, "store");

    public void Dispose() => scratch.Delete(recursive: true);

    [Theory]
    [InlineData("indexes/../../../../precious/file.txt")]
    [InlineData("indexes/../../precious/file.txt")]
    [InlineData("indexes/aa/../../precious")]
    [InlineData("indexes//precious")]
    [InlineData("/etc/passwd")]
    [InlineData("packs/aa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("indexes/ab/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("indexes/AA/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("indexes/aa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/")]
    [InlineData("indexes/aa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n")]
    public async Task A_key_that_is_none_of_its_kind_touches_no_file_and_costs_one_image(string index)
    {
        string precious = Path.Combine(scratch.FullName, "precious", "file.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(precious)!);
        await File.WriteAllTextAsync(precious, "precious");
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(StorePath, create: true);
        await PublishAsync(store, "good", 1);
        await CraftAsync(store, json => json["index"] = index);
        string[] before = Files("precious");

        await PublishAsync(store, "other", 2);
        await using (var planned = new UnwrittenObjectStore(store, store.Location))
            await PublishAsync(planned, "third", 3);

        Assert.Equal("precious", await File.ReadAllTextAsync(precious));
        Assert.Equal(before, Files("precious"));
        Assert.All(Directory.GetFileSystemEntries(scratch.FullName), entry => Assert.Contains(Path.GetFileName(entry), (string[])["precious", "cache", "store"]));
    }

    [Theory]
    [MemberData(nameof(Contradictions))]
    public async Task A_manifest_with_a_member_that_cannot_be_costs_one_image(string member, string? value)
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(StorePath, create: true);
        await PublishAsync(store, "good", 1);
        await CraftAsync(store, json => json[member] = value is null ? null : JsonNode.Parse(value));

        var damages = new List<StoreException>();
        IReadOnlyList<Manifest> listed = await new ImageCatalog(store).ListAsync(null, damages.Add, None);
        Assert.Equal("good", Assert.Single(listed).Name);
        Assert.Equal(("ManifestCorrupt", "images/evil/1.json"), (Assert.Single(damages).Id, damages[0].Target));
        await PublishAsync(store, "other", 2);
        Assert.Equal("CollectionUnsafe", (await Assert.ThrowsAsync<StoreException>(() => GarbageCollector.RunAsync(store, new CollectOptions(), None))).Id);
    }

    public static TheoryData<string, string?> Contradictions() => new()
    {
        { "labels", """{"os":null}""" },
        { "labels", "[]" },
        { "labels", "3" },
        { "labels", $"{{\"long\":\"{new string('x', FormatLimits.LongestDocument)}\"}}" },
        { "name", "\"good\"" },
        { "name", null },
        { "version", "\"../1\"" },
        { "imageId", "\"sha256:AAAA\"" },
        { "imageId", null },
        { "index", null },
        { "index", "[\"indexes\"]" },
        { "indexSize", "0" },
        { "indexSize", "9223372036854775807" },
        { "virtualSize", "-1" },
        { "virtualSize", "1e300" },
        { "dataSize", "-1" },
        { "dataSize", "9223372036854775807" },
        { "storedSize", "-5" },
        { "sectorSize", "0" },
        { "published", "\"9999-12-31T23:59:59.9999999Z\"" },
        { "published", "\"0001-01-01T00:00:00Z\"" },
        { "published", "\"yesterday\"" },
        { "sourceFormat", null },
        { "format", "0" },
    };

    [Fact]
    public async Task A_manifest_of_a_later_format_costs_one_image()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(StorePath, create: true);
        await PublishAsync(store, "good", 1);
        await CraftAsync(store, json => json["format"] = 2);
        var damages = new List<StoreException>();
        Assert.Single(await new ImageCatalog(store).ListAsync(null, damages.Add, None));
        Assert.Equal("StoreFormatNotSupported", Assert.Single(damages).Id);
        await PublishAsync(store, "other", 2);
    }

    private string[] Files(string below) => [.. Directory.GetFileSystemEntries(Path.Combine(scratch.FullName, below), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private Task<PublishOutcome> PublishAsync(IObjectStore store, string name, int seed) =>
        ImagePublisher.RunAsync(store, new MemoryDisk(MemoryDisk.Sample(seed)), new PublishOptions(new ImageReference(name, "1")) { CacheDirectory = Cache }, None);

    // A copy of the good manifest under another name, changed in one place.
    private static async Task CraftAsync(DirectoryObjectStore store, Action<JsonNode> change)
    {
        JsonNode json = JsonNode.Parse(await store.ReadAllAsync(ObjectKeys.Manifest("good", "1"), FormatLimits.LongestDocument, None))!;
        json["name"] = "evil";
        change(json);
        await store.PutAsync(ObjectKeys.Manifest("evil", "1"), JsonSerializer.SerializeToUtf8Bytes(json), PutMode.Replace, None);
    }
}
