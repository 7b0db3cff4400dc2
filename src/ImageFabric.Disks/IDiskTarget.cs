using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks;

/// <summary>
/// A disk image file under construction. Its layout is fixed when it is made, from the extents that will hold data, so that these may be
/// written in any order and from many threads at once.
/// </summary>
public interface IDiskTarget : IAsyncDisposable
{
    /// <summary>The file, for block cloning into it.</summary>
    SafeFileHandle Handle { get; }

    /// <summary>Where the byte of the disk at <paramref name="offset"/> lives in the file, and how many bytes from there on are contiguous.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset lies in no extent that was announced.</exception>
    (long FileOffset, long Contiguous) Locate(long offset);

    /// <summary>Writes data of the disk.</summary>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>Writes what the format needs besides the data, and brings all of it to stable storage. The file is whole after this and only then.</summary>
    Task CompleteAsync(CancellationToken cancellationToken);
}
