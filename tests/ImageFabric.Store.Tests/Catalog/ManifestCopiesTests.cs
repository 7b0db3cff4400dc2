using System.Runtime.CompilerServices;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Catalog;

public sealed class ManifestCopiesTests : IDisposable
{
    private const int Images = 100;
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly DirectoryInfo scratch = Directory.CreateTempSubdirectory();
    private readonly CountingStore store;

    public ManifestCopiesTests() => store = new CountingStore(DirectoryObjectStore.Open(Path.Combine(scratch.FullName, "store"), create: true));

    private string CacheDirectory => Path.Combine(scratch.FullName, "cache");

    public void Dispose() => scratch.Delete(recursive: true);

    [Fact]
    public async Task A_manifest_that_was_read_is_not_read_again()
    {
        await FillAsync();
        Assert.Equal(Images, (await ListAsync(CacheDirectory)).Count);
        Assert.Equal(Images, store.Reads);
        Assert.Equal(Images, (await ListAsync(CacheDirectory)).Count);
        Assert.Equal(Images, store.Reads);
        Assert.Equal(["image7"], (await new ImageCatalog(store, CacheDirectory).ListAsync("image7:*", null, None)).Select(m => m.Name));
        Assert.Equal(Images, store.Reads);
    }

    [Fact]
    public async Task What_changed_was_added_or_went_is_seen_at_once()
    {
        await FillAsync();
        await ListAsync(CacheDirectory);
        await PutAsync(3, virtualSize: 1024);
        await PutAsync(Images, virtualSize: 512);
        await store.DeleteAsync(ObjectKeys.Manifest("image5", "1"), None);
        store.Reads = 0;

        IReadOnlyList<Manifest> listed = await ListAsync(CacheDirectory);
        Assert.Equal(Images, listed.Count);
        Assert.Equal(1024, listed.Single(m => m.Name == "image3").VirtualSize);
        Assert.Contains(listed, m => m.Name == $"image{Images}");
        Assert.DoesNotContain(listed, m => m.Name == "image5");
        Assert.Equal(2, store.Reads);
    }

    [Fact]
    public async Task Who_comes_for_the_first_time_reads_what_a_publisher_left()
    {
        await FillAsync();
        var publisher = new ImageCatalog(store);
        await publisher.ListAsync(null, null, None);
        await publisher.ShareAsync(None);
        await PutAsync(Images, virtualSize: 512);
        store.Reads = 0;

        Assert.Equal(Images + 1, (await ListAsync(null)).Count);
        Assert.Equal(1 + 1, store.Reads);

        // A few more are no reason for another.
        await publisher.ListAsync(null, null, None);
        await publisher.ShareAsync(None);
        Assert.Single(await KeysAsync("catalog/"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(-1)]
    public async Task A_damaged_bundle_costs_time_and_nothing_else(int at)
    {
        await FillAsync();
        var publisher = new ImageCatalog(store);
        await publisher.ListAsync(null, null, None);
        await publisher.ShareAsync(None);
        string key = Assert.Single(await KeysAsync("catalog/"));
        byte[] bytes = await store.ReadAllAsync(key, long.MaxValue, None);
        bytes[at < 0 ? bytes.Length + at : at] ^= 1;
        await store.PutAsync(key, bytes, PutMode.Replace, None);
        Assert.Equal(Images, (await ListAsync(null)).Count);
    }

    private async Task FillAsync()
    {
        for (int i = 0; i < Images; i++)
            await PutAsync(i, virtualSize: 512);
    }

    private Task PutAsync(int number, long virtualSize)
    {
        var manifest = new Manifest
        {
            Format = 1, Name = $"image{number}", Version = "1", ImageId = "sha256:" + new string('a', 64), Index = "indexes/aa/" + new string('a', 64), IndexSize = 10,
            VirtualSize = virtualSize, DataSize = 512, StoredSize = 100, Published = DateTimeOffset.UnixEpoch, SourceFormat = "raw",
        };
        return store.PutAsync(ObjectKeys.Manifest(manifest.Name, manifest.Version), manifest.Serialize(), PutMode.Replace, None);
    }

    private Task<IReadOnlyList<Manifest>> ListAsync(string? cache) => new ImageCatalog(store, cache).ListAsync(null, null, None);

    private async Task<List<string>> KeysAsync(string prefix)
    {
        var keys = new List<string>();
        await foreach (StoredObject one in store.ListAsync(prefix, None))
            keys.Add(one.Key);
        return keys;
    }

    /// <summary>A store with tags, as S3 services give them, that counts reads.</summary>
    private sealed class CountingStore(DirectoryObjectStore files) : IObjectStore
    {
        private int reads;

        public int Reads { get => reads; set => reads = value; }

        public string Location => files.Location;

        public bool ConditionalWrites => true;

        public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (StoredObject one in files.ListAsync(prefix, cancellationToken))
                yield return one with { Tag = $"\"{ChunkDigest.Of(await files.ReadAllAsync(one.Key, one.Length, cancellationToken))}\"" };
        }

        public Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref reads);
            return files.ReadAllAsync(key, maximumLength, cancellationToken);
        }

        public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
            files.ReadRangeAsync(key, offset, destination, cancellationToken);

        public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken) => files.StatAsync(key, cancellationToken);

        public Task<bool> PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken) =>
            files.PutAsync(key, content, mode, cancellationToken);

        public Task DeleteAsync(string key, CancellationToken cancellationToken) => files.DeleteAsync(key, cancellationToken);

        public Uri Grant(string key, TimeSpan lifetime) => files.Grant(key, lifetime);

        public ValueTask DisposeAsync() => files.DisposeAsync();
    }
}
