using System.Security.Cryptography;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Catalog;

/// <summary>
/// Indexes that this user has read, in a directory of the user's own. An index never changes and is named by its digest, which is checked at every
/// use; the directory is held to a size by forgetting what was not used for longest. Where it cannot be written, the store is read each time.
/// </summary>
/// <param name="directory">The directory. Null: nothing is kept.</param>
/// <param name="capacity">Bytes it may hold.</param>
internal sealed class IndexCache(string? directory, long capacity)
{
    /// <summary>Bytes it holds unless told otherwise.</summary>
    public const long DefaultCapacity = 512L << 20;

    private const int BlockLength = 1024 * 1024;

    /// <summary>Opens an index object for reading from its first byte.</summary>
    /// <exception cref="StoreException"><c>IndexCorrupt</c>, and what the source gives.</exception>
    public async Task<Stream> OpenAsync(IObjectSource source, Manifest manifest, CancellationToken cancellationToken)
    {
        string? path = directory is null ? null : PathOf(manifest.Index);
        if (path is not null && await TryOpenAsync(path, manifest, cancellationToken).ConfigureAwait(false) is { } kept)
            return kept;
        if (path is not null && await TryFetchAsync(source, path, manifest, cancellationToken).ConfigureAwait(false))
        {
            if (await TryOpenAsync(path, manifest, cancellationToken).ConfigureAwait(false) is { } fetched)
                return fetched;
        }

        SpooledObject bytes = await SpooledObject.ReadAsync(source, manifest.Index, manifest.IndexSize, cancellationToken).ConfigureAwait(false);
        try
        {
            ImageIndex.RequireContent(bytes, manifest.Index);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }

        return bytes.OpenLastRead();
    }

    /// <summary>Keeps an index that was just written to a store.</summary>
    public async Task KeepAsync(string key, SpooledObject bytes, CancellationToken cancellationToken)
    {
        if (directory is null)
            return;
        if (await CacheFile.TryWriteAsync(PathOf(key), (file, stop) => bytes.OpenRead().CopyToAsync(file, BlockLength, stop), cancellationToken).ConfigureAwait(false))
            Trim();
    }

    private static async Task<Stream?> TryOpenAsync(string path, Manifest manifest, CancellationToken cancellationToken)
    {
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (file.Length == manifest.IndexSize && ObjectKeys.Index(await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false)) == manifest.Index)
            {
                File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
                file.Position = 0;
                return file;
            }

            await file.DisposeAsync().ConfigureAwait(false);
            CacheFile.Discard(path);
            return null;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            if (file is not null)
                await file.DisposeAsync().ConfigureAwait(false);
            return null;
        }
        catch
        {
            if (file is not null)
                await file.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // False: there is no place to keep it.
    private async Task<bool> TryFetchAsync(IObjectSource source, string path, Manifest manifest, CancellationToken cancellationToken)
    {
        if (!await CacheFile.TryWriteAsync(path, WriteAsync, cancellationToken).ConfigureAwait(false))
            return false;
        Trim();
        return true;

        async Task WriteAsync(Stream file, CancellationToken stop)
        {
            byte[] buffer = new byte[Math.Min(BlockLength, manifest.IndexSize)];
            for (long at = 0; at < manifest.IndexSize; at += buffer.Length)
            {
                Memory<byte> block = buffer.AsMemory(0, (int)Math.Min(buffer.Length, manifest.IndexSize - at));
                await source.ReadRangeAsync(manifest.Index, at, block, stop).ConfigureAwait(false);
                await file.WriteAsync(block, stop).ConfigureAwait(false);
            }
        }
    }

    private void Trim()
    {
        try
        {
            long size = 0;
            var files = new DirectoryInfo(Root).EnumerateFiles("*", SearchOption.AllDirectories).Select(f => (File: f, f.Length, Used: f.LastWriteTimeUtc));
            foreach ((FileInfo file, long length, _) in files.OrderByDescending(f => f.Used))
            {
                size += length;
                if (size > capacity)
                    CacheFile.Discard(file.FullName);
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // Another process is at it.
            return;
        }
    }

    private string Root => Path.Combine(directory!, "indexes");

    // Made of the digest alone: what a document says never becomes a path.
    private string PathOf(string key)
    {
        byte[] digest = ObjectKeys.IndexDigest(key) ?? throw new StoreException("ManifestCorrupt", key, $"'{key}' is not named as an index is.");
        string hex = Convert.ToHexStringLower(digest);
        return Path.Combine(Root, hex[..2], hex);
    }
}
