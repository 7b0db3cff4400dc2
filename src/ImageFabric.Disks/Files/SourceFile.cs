using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Files;

/// <summary>
/// A disk image file opened for reading, here or elsewhere, or a part of it that holds an image: positional reads, its length, and whether it is still
/// what it was. Reads may overlap in time.
/// </summary>
internal sealed class SourceFile : IDisposable
{
    // One of the two.
    private readonly SafeFileHandle? handle;
    private readonly IRemoteFile? remote;

    private readonly FileStatus opened;
    private readonly long start;
    private readonly ReadDigest? digest;

    private SourceFile(string path, SafeFileHandle? handle, IRemoteFile? remote, FileStatus status, long start, long length, ReadDigest? digest = null)
    {
        Path = path;
        this.handle = handle;
        this.remote = remote;
        opened = status;
        this.start = start;
        Length = length;
        this.digest = digest;
    }

    public string Path { get; }

    /// <summary>True for a file that is elsewhere.</summary>
    public bool IsRemote => remote is not null;

    /// <summary>Length in bytes when the file was opened.</summary>
    public long Length { get; }

    /// <exception cref="DiskException"><c>FileNotFound</c> or <c>FileUnreadable</c>.</exception>
    public static SourceFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            if ((File.Exists(path) || Directory.Exists(path)) && !FileStatus.MayBeDisk(path))
                throw NotAFile(path);
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.Asynchronous);
            FileStatus status = FileStatus.Of(handle);
            if (!status.IsDisk)
                throw NotAFile(path);
            return new SourceFile(path, handle, null, status, 0, status.Length);
        }
        catch (Exception error)
        {
            handle?.Dispose();
            if (FileErrors.IsFileError(error))
                throw FileErrors.Opening(path, error);
            throw;
        }
    }

    /// <summary>A file elsewhere; it is closed with this.</summary>
    public static SourceFile Over(IRemoteFile remote) => new(remote.Name, null, remote, default, 0, remote.Length);

    /// <summary>A file of this program's own that is open already; it is closed with this.</summary>
    public static SourceFile Over(SafeFileHandle own, string name)
    {
        FileStatus status = FileStatus.Of(own);
        return new SourceFile(name, own, null, status, 0, status.Length);
    }

    /// <summary>A part of the file, to be read as if it were one. It is closed with the file, and the file with it.</summary>
    /// <param name="name">Its name within the file.</param>
    /// <param name="offset">Where it begins, in bytes.</param>
    /// <param name="length">Its length in bytes; it ends within the file.</param>
    /// <param name="digest">What is given all bytes of it once, in their order. Null: nothing is.</param>
    public SourceFile Part(string name, long offset, long length, ReadDigest? digest = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new SourceFile($"{Path}/{name}", handle, remote, opened, start + offset, length, digest);
    }

    /// <summary>What of it the file system holds data for.</summary>
    public SparseMap MapData() => new(handle, Length, start);

    /// <summary>True unless the range is a hole of the file.</summary>
    /// <exception cref="DiskException"><c>FileUnreadable</c>.</exception>
    public bool HasDataIn(long offset, long count)
    {
        try
        {
            return MapData().FirstData(offset) is { } data && data.Offset < offset + count;
        }
        catch (IOException error)
        {
            throw FileErrors.Reading(Path, offset, error);
        }
    }

    /// <summary>Reads a range that lies within the file.</summary>
    /// <exception cref="DiskException"><c>FileUnreadable</c>, or <c>SourceChanged</c> when the file is shorter now.</exception>
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await ReadPartAsync(offset, buffer, cancellationToken).ConfigureAwait(false);
        digest?.Add(offset, buffer.Span);
    }

    private async ValueTask ReadPartAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (remote is not null)
        {
            await remote.ReadAsync(start + offset, buffer, cancellationToken).ConfigureAwait(false);
            return;
        }

        while (!buffer.IsEmpty)
        {
            int count;
            try
            {
                count = await RandomAccess.ReadAsync(handle!, buffer, start + offset, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (FileErrors.IsFileError(error))
            {
                throw FileErrors.Reading(Path, offset, error);
            }

            if (count == 0)
                throw Changed();
            offset += count;
            buffer = buffer[count..];
        }
    }

    /// <exception cref="DiskException"><c>SourceChanged</c> or <c>FileUnreadable</c>.</exception>
    public void ThrowIfChanged()
    {
        // Every read of a file elsewhere makes sure of it.
        if (handle is null)
            return;
        FileStatus now;
        try
        {
            now = FileStatus.Of(handle);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Reading(Path, 0, error);
        }

        if (now != opened)
            throw Changed();
    }

    public void Dispose()
    {
        handle?.Dispose();
        remote?.Dispose();
    }

    private DiskException Changed() => new("SourceChanged", Path, $"The file '{Path}' changed while it was read.");

    private static DiskException NotAFile(string path) => new("FileNotFound", path, $"'{path}' is neither a regular file nor a block device.");
}
