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
        string? path = directory is null ? null : PathOf(directory, manifest.Index);
        if (path is not null && await TryOpenAsync(path, manifest, cancellationToken).ConfigureAwait(false) is { } kept)
            return kept;
        if (path is not null && await TryFetchAsync(source, path, manifest, cancellationToken).ConfigureAwait(false))
        {
            if (await TryOpenAsync(path, manifest, cancellationToken).ConfigureAwait(false) is { } fetched)
                return fetched;
        }

        byte[] bytes = await source.ReadAllAsync(manifest.Index, manifest.IndexSize, cancellationToken).ConfigureAwait(false);
        return ObjectKeys.Index(SHA256.HashData(bytes)) == manifest.Index ? new MemoryStream(bytes, writable: false) : throw Corrupt(manifest);
    }

    /// <summary>Keeps an index that was just written to a store.</summary>
    public void Keep(string key, ReadOnlySpan<byte> bytes)
    {
        if (directory is null)
            return;
        if (CacheFile.TryWrite(PathOf(directory, key), bytes))
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
        string temporary = CacheFile.Temporary(path);
        try
        {
            CacheFile.MakeDirectory(Path.GetDirectoryName(path)!);
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                byte[] buffer = new byte[Math.Min(BlockLength, manifest.IndexSize)];
                for (long at = 0; at < manifest.IndexSize; at += buffer.Length)
                {
                    Memory<byte> block = buffer.AsMemory(0, (int)Math.Min(buffer.Length, manifest.IndexSize - at));
                    await source.ReadRangeAsync(manifest.Index, at, block, cancellationToken).ConfigureAwait(false);
                    await file.WriteAsync(block, cancellationToken).ConfigureAwait(false);
                }
            }

            File.Move(temporary, path, overwrite: true);
            Trim();
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            CacheFile.Discard(temporary);
        }
    }

    private void Trim()
    {
        long size = 0;
        var files = new DirectoryInfo(PathOf(directory!, ObjectKeys.IndexPrefix)).EnumerateFiles("*", SearchOption.AllDirectories).Select(f => (File: f, f.Length, Used: f.LastWriteTimeUtc));
        foreach ((FileInfo file, long length, _) in files.OrderByDescending(f => f.Used))
        {
            size += length;
            if (size > capacity)
                CacheFile.Discard(file.FullName);
        }
    }

    private static string PathOf(string directory, string key) => Path.Combine(directory, key.Replace('/', Path.DirectorySeparatorChar));

    private static StoreException Corrupt(Manifest manifest) =>
        new("IndexCorrupt", manifest.Index, $"The index {manifest.Index} does not have the content its name promises.");
}
