using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Layouts;

/// <summary>
/// Where everything lies in a file that is written in some format. It follows from the disk's size and extents alone, so that an interrupted file
/// is found again in the same layout.
/// </summary>
internal interface ITargetLayout
{
    /// <summary>Bytes of the whole file.</summary>
    long FileLength { get; }

    /// <summary>
    /// The pieces of the file without which no reader takes it for this format, such as its header. They are written last of all. None for a format
    /// that has no such mark.
    /// </summary>
    IReadOnlyList<FilePiece> Marks { get; }

    /// <summary>Where a byte of an extent is in the file, and how many bytes of the disk from there on are contiguous in it, extents left aside.</summary>
    (long FileOffset, long Contiguous) Locate(long offset);

    /// <summary>Writes what the format needs besides the data and the marks.</summary>
    /// <exception cref="DiskException"><c>HostDiskFull</c> or <c>HostWriteFailed</c>.</exception>
    Task WriteTablesAsync(TargetFile file, CancellationToken cancellationToken);
}

/// <summary>Bytes with their place in a file.</summary>
/// <param name="Offset">Where the first of them is, in bytes.</param>
/// <param name="Content">The bytes.</param>
internal readonly record struct FilePiece(long Offset, byte[] Content);
