using System.Runtime.CompilerServices;
using ImageFabric.Disks;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Store.Objects;

/// <summary>
/// A store in a directory: local disk, NFS, SMB or a cluster file system. A key is a file's path below the root.
/// Files are written under <c>tmp/</c>, made durable, and only then given their names.
/// </summary>
public sealed class DirectoryObjectStore : IObjectStore
{
    private const string TemporaryDirectory = "tmp";
    private const string TemporaryPrefix = ".partial-";
    private const int ListBatch = 512;

    /// <summary>No single object takes that long to write, so an older temporary file belongs to a writer that was killed.</summary>
    private static readonly TimeSpan TemporaryLifetime = TimeSpan.FromDays(1);

    private const int Piece = 1024 * 1024;

    private readonly string root;
    private readonly DirectoryTree tree;
    private readonly BandwidthLimit? limit;
    private volatile bool unguarded;

    private DirectoryObjectStore(string root, long? bytesPerSecond)
    {
        this.root = root;
        tree = new DirectoryTree(root);
        limit = BandwidthLimit.Of(bytesPerSecond);
    }

    /// <inheritdoc/>
    public string Location => root;

    /// <summary>True until a write has met a file system with neither hard links nor a rename that does not replace.</summary>
    public bool ConditionalWrites => !unguarded;

    /// <summary>Opens the store in a directory and removes what writers that were killed more than a day ago left in it.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="create">Makes the directory when it is missing.</param>
    /// <param name="bytesPerSecond">The most bytes that may move to and from it in a second: it may be on a network. Null: as many as go.</param>
    /// <exception cref="StoreException"><c>StoreNotFound</c>, <c>StoreAccessDenied</c>, <c>StoreUnreachable</c>.</exception>
    public static DirectoryObjectStore Open(string path, bool create, long? bytesPerSecond = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var store = new DirectoryObjectStore(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), bytesPerSecond);
        try
        {
            if (create)
                Directory.CreateDirectory(store.root);
            if (!Directory.Exists(store.root))
                throw new StoreException("StoreNotFound", store.root, $"The directory {store.root} does not exist.");
            store.RemoveLeftovers();
            return store;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw store.Describe(error, store.root);
        }
    }

    /// <inheritdoc/>
    public async Task<byte[]> ReadAllAsync(string key, long maximumLength, CancellationToken cancellationToken)
    {
        string path = Resolve(key);
        try
        {
            return await FileObject.ReadAllAsync(path, key, maximumLength, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, key);
        }
    }

    /// <inheritdoc/>
    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        RangeAsync(key, offset, destination, arrived: null, cancellationToken);

    /// <inheritdoc/>
    public Task ReadRangeAsync(string key, long offset, Memory<byte> destination, ArrivedBytes arrived, CancellationToken cancellationToken) =>
        RangeAsync(key, offset, destination, arrived, cancellationToken);

    private async Task RangeAsync(string key, long offset, Memory<byte> destination, ArrivedBytes? arrived, CancellationToken cancellationToken)
    {
        string path = Resolve(key);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        try
        {
            if (limit is not null)
                await limit.SpendAsync(destination.Length, alive: null, cancellationToken).ConfigureAwait(false);
            await FileObject.ReadRangeAsync(path, key, offset, destination, arrived, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, key);
        }
    }

    /// <inheritdoc/>
    public Task<bool> PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken) =>
        PutAsync(key, (path, stop) => WriteDurablyAsync(path, content, stop), mode, cancellationToken);

    /// <inheritdoc/>
    public Task PutSpooledAsync(string key, SpooledObject content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        return PutAsync(key, (path, stop) => WriteDurablyAsync(path, content, stop), PutMode.Replace, cancellationToken);
    }

    private async Task<bool> PutAsync(string key, Func<string, CancellationToken, Task> write, PutMode mode, CancellationToken cancellationToken)
    {
        string final = Resolve(key);
        string temporary = NewTemporary();
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (mode == PutMode.CreateOnly && File.Exists(final))
                return false;
            MakeDirectory(Path.GetDirectoryName(temporary)!);
            try
            {
                await write(temporary, cancellationToken).ConfigureAwait(false);
                string directory = Path.GetDirectoryName(final)!;
                MakeDirectory(directory);
                if (mode == PutMode.Replace)
                    File.Move(temporary, final, overwrite: true);
                else if (!Publish(temporary, final))
                    return false;
                DirectorySync.Flush(directory);
                return true;
            }
            finally
            {
                File.Delete(temporary);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, key);
        }
    }

    /// <inheritdoc/>
    public async Task<bool> ReplaceAsync(string key, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        string final = Resolve(key);
        if (!await this.HoldsAsync(key, expected, cancellationToken).ConfigureAwait(false))
            return false;
        string temporary = NewTemporary();
        try
        {
            MakeDirectory(Path.GetDirectoryName(temporary)!);
            try
            {
                await WriteDurablyAsync(temporary, content, cancellationToken).ConfigureAwait(false);

                // A file that was removed in the meantime does not come back.
                if (!AtomicFile.ReplaceExisting(temporary, final))
                    return false;
                DirectorySync.Flush(Path.GetDirectoryName(final)!);
                return true;
            }
            finally
            {
                File.Delete(temporary);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, key);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<UnfinishedWrite> ListUnfinishedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<UnfinishedWrite> found = await Task.Run(
            () =>
            {
                try
                {
                    return Unfinished().Select(static file => new UnfinishedWrite($"{TemporaryDirectory}/{file.Name}", file.Name, file.LastWriteTimeUtc, file.Exists ? file.Length : 0)).ToList();
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    throw Describe(error, TemporaryDirectory);
                }
            },
            cancellationToken).ConfigureAwait(false);
        foreach (UnfinishedWrite one in found)
            yield return one;
    }

    /// <inheritdoc/>
    public Task DiscardAsync(UnfinishedWrite unfinished, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!IsTemporary(unfinished.Id))
            throw new ArgumentException($"'{unfinished.Id}' is none of the store's own temporary names.", nameof(unfinished));
        try
        {
            File.Delete(tree.Resolve($"{TemporaryDirectory}/{unfinished.Id}"));
            return Task.CompletedTask;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, unfinished.Key);
        }
    }

    /// <inheritdoc/>
    public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken)
    {
        string path = Resolve(key);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var file = new FileInfo(path);
            if (file.Exists)
                return Task.FromResult<StoredObject?>(new StoredObject(key, file.Length, file.LastWriteTimeUtc));
            RequireRoot();
            return Task.FromResult<StoredObject?>(null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, key);
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        string path = Resolve(key);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            RequireRoot();
            string directory = Path.GetDirectoryName(path)!;
            if (!File.Exists(path))
                return Task.CompletedTask;
            File.Delete(path);
            DirectorySync.Flush(directory);
            return Task.CompletedTask;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, key);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectKey.CheckPrefix(prefix);
        using IEnumerator<StoredObject> files = tree.Files(prefix).Where(static file => !file.Key.StartsWith($"{TemporaryDirectory}/{TemporaryPrefix}", StringComparison.Ordinal)).GetEnumerator();
        while (true)
        {
            // A listing blocks, for long on a network file system; the caller's thread must not.
            List<StoredObject> batch = await Task.Run(() => NextBatch(files, prefix), cancellationToken).ConfigureAwait(false);
            foreach (StoredObject file in batch)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return file;
            }

            if (batch.Count < ListBatch)
                yield break;
        }
    }

    /// <summary>The file's own <c>file://</c> address: the directory's permissions decide who can read it, and time does not end it.</summary>
    public Uri Grant(string key, TimeSpan lifetime) => FileAddress.Of(Resolve(key));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task WriteDurablyAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
        int piece = limit is null ? content.Length : Piece;
        for (int at = 0; at < content.Length; at += piece)
            await WriteAsync(file, content[at..Math.Min(content.Length, at + piece)], at, cancellationToken).ConfigureAwait(false);
        FileSync.Flush(file);
    }

    private async Task WriteDurablyAsync(string path, SpooledObject content, CancellationToken cancellationToken)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
        byte[] piece = new byte[Math.Min(Piece, content.Length)];
        for (long at = 0; at < content.Length; at += piece.Length)
        {
            Memory<byte> part = piece.AsMemory(0, (int)Math.Min(piece.Length, content.Length - at));
            content.Read(part.Span, at);
            await WriteAsync(file, part, at, cancellationToken).ConfigureAwait(false);
        }

        FileSync.Flush(file);
    }

    private async Task WriteAsync(SafeFileHandle file, ReadOnlyMemory<byte> part, long at, CancellationToken cancellationToken)
    {
        if (limit is not null)
            await limit.SpendAsync(part.Length, alive: null, cancellationToken).ConfigureAwait(false);
        await RandomAccess.WriteAsync(file, part, at, cancellationToken).ConfigureAwait(false);
    }

    private bool Publish(string temporary, string final)
    {
        AtomicFile.Outcome outcome = AtomicFile.Create(temporary, final);
        if (outcome == AtomicFile.Outcome.CreatedUnguarded)
            unguarded = true;
        return outcome != AtomicFile.Outcome.Exists;
    }

    /// <summary>Makes a directory below the root durably. The root itself is never made here: where it is gone, a mount is gone with it.</summary>
    private void MakeDirectory(string path)
    {
        if (Directory.Exists(path))
            return;
        if (path.Length <= root.Length)
            throw new DirectoryNotFoundException();
        string parent = Path.GetDirectoryName(path)!;
        MakeDirectory(parent);
        Directory.CreateDirectory(path);
        DirectorySync.Flush(parent);
    }

    private string Resolve(string key)
    {
        ObjectKey.Check(key);
        if (key.StartsWith($"{TemporaryDirectory}/{TemporaryPrefix}", StringComparison.Ordinal))
            throw new ArgumentException($"The object key '{key}' is one of the store's own temporary names.", nameof(key));

        // A colon names an alternate stream of another file.
        if (OperatingSystem.IsWindows() && key.AsSpan().ContainsAny("<>:\"|?*"))
            throw new ArgumentException($"The object key '{key}' cannot be a file name on Windows.", nameof(key));
        return tree.Resolve(key);
    }

    private string NewTemporary() => tree.Resolve($"{TemporaryDirectory}/{TemporaryPrefix}{Guid.NewGuid():N}");

    /// <summary>True for the very form of <see cref="NewTemporary"/>: what others keep under similar names is theirs.</summary>
    private static bool IsTemporary(string name) =>
        name.StartsWith(TemporaryPrefix, StringComparison.Ordinal) && Guid.TryParseExact(name.AsSpan(TemporaryPrefix.Length), "N", out _);

    private IEnumerable<FileInfo> Unfinished()
    {
        var directory = new DirectoryInfo(tree.Resolve(TemporaryDirectory));
        return directory.Exists
            ? directory.EnumerateFiles($"{TemporaryPrefix}*", new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint }).Where(static file => IsTemporary(file.Name))
            : [];
    }

    private List<StoredObject> NextBatch(IEnumerator<StoredObject> files, string prefix)
    {
        try
        {
            var batch = new List<StoredObject>();
            while (batch.Count < ListBatch && files.MoveNext())
                batch.Add(files.Current);
            return batch;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Describe(error, prefix);
        }
    }

    private void RemoveLeftovers()
    {
        DateTime limit = DateTime.UtcNow - TemporaryLifetime;
        foreach (FileInfo file in Unfinished())
        {
            if (file.LastWriteTimeUtc >= limit)
                continue;
            try
            {
                file.Delete();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Who may only read the store cannot tidy it either; that is no reason not to read.
                return;
            }
        }
    }

    private void RequireRoot()
    {
        if (!Directory.Exists(root))
            throw new DirectoryNotFoundException();
    }

    private StoreException Describe(Exception error, string target) => DirectoryFault.Describe(error, root, target);
}
