using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Catalog;

public sealed class IndexCacheTests : IDisposable
{
    private readonly DirectoryInfo scratch = Directory.CreateTempSubdirectory();

    private string CacheDirectory => Path.Combine(scratch.FullName, "cache");

    public void Dispose() => scratch.Delete(recursive: true);

    [Fact]
    public async Task An_index_is_fetched_once_and_checked_at_every_use()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(Path.Combine(scratch.FullName, "store"), create: true);
        (Manifest manifest, byte[] bytes) = await StoreAsync(store, 1, 3_000_000);
        var cache = new IndexCache(CacheDirectory, IndexCache.DefaultCapacity);
        Assert.Equal(bytes, await ReadAsync(cache, store, manifest));

        await store.DeleteAsync(manifest.Index, CancellationToken.None);
        Assert.Equal(bytes, await ReadAsync(cache, store, manifest));

        string kept = Assert.Single(Directory.GetFiles(CacheDirectory, "*", SearchOption.AllDirectories));
        bytes[100] ^= 1;
        await File.WriteAllBytesAsync(kept, bytes);
        Assert.Equal("ObjectMissing", (await Assert.ThrowsAsync<StoreException>(() => ReadAsync(cache, store, manifest))).Id);
    }

    [Fact]
    public async Task What_was_not_used_for_longest_goes_first()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(Path.Combine(scratch.FullName, "store"), create: true);
        var cache = new IndexCache(CacheDirectory, 250_000);
        (Manifest First, byte[]) first = await StoreAsync(store, 1, 100_000);
        (Manifest Second, byte[]) second = await StoreAsync(store, 2, 100_000);
        (Manifest Third, byte[]) third = await StoreAsync(store, 3, 100_000);
        foreach (Manifest used in new[] { first.First, second.Second, first.First, third.Third })
        {
            await ReadAsync(cache, store, used);
            await Task.Delay(20);
        }

        Assert.True(File.Exists(Path.Combine(CacheDirectory, first.First.Index)));
        Assert.False(File.Exists(Path.Combine(CacheDirectory, second.Second.Index)));
        Assert.True(File.Exists(Path.Combine(CacheDirectory, third.Third.Index)));
    }

    [Fact]
    public async Task Where_nothing_can_be_kept_the_store_is_read()
    {
        await using DirectoryObjectStore store = DirectoryObjectStore.Open(Path.Combine(scratch.FullName, "store"), create: true);
        (Manifest manifest, byte[] bytes) = await StoreAsync(store, 1, 10_000);
        string file = Path.Combine(scratch.FullName, "file");
        await File.WriteAllTextAsync(file, "no directory");
        Assert.Equal(bytes, await ReadAsync(new IndexCache(Path.Combine(file, "below"), 1 << 20), store, manifest));
        Assert.Equal(bytes, await ReadAsync(new IndexCache(null, 1 << 20), store, manifest));
    }

    private static async Task<byte[]> ReadAsync(IndexCache cache, IObjectSource store, Manifest manifest)
    {
        await using Stream stream = await cache.OpenAsync(store, manifest, CancellationToken.None);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        return copy.ToArray();
    }

    private static async Task<(Manifest Manifest, byte[] Bytes)> StoreAsync(DirectoryObjectStore store, int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        string key = ObjectKeys.Index(System.Security.Cryptography.SHA256.HashData(bytes));
        await store.PutAsync(key, bytes, PutMode.Replace, CancellationToken.None);
        return (new Manifest
        {
            Format = 1, Name = "a", Version = "1", ImageId = "sha256:" + new string('a', 64), Index = key, IndexSize = length,
            VirtualSize = 512, DataSize = 512, StoredSize = 100, Published = DateTimeOffset.UnixEpoch, SourceFormat = "raw",
        }, bytes);
    }
}
