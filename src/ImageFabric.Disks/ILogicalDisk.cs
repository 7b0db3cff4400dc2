namespace ImageFabric.Disks;

/// <summary>A disk as a guest sees it, whatever file it lives in: a number of bytes, some of which are data and the rest zero.</summary>
/// <remarks>Reads may overlap in time; an instance is otherwise not shared between threads.</remarks>
public interface ILogicalDisk : IDisposable
{
    /// <summary>Format of the file: <c>raw</c>, <c>qcow2</c>, …</summary>
    string Format { get; }

    /// <summary>
    /// Kind of the format: <c>v2</c> or <c>v3</c> of qcow2, <c>dynamic</c> or <c>fixed</c> of VHDX, VHD and VDI, <c>monolithicSparse</c>,
    /// <c>streamOptimized</c> or <c>monolithicFlat</c> of VMDK and OVA. Null where there is one kind only.
    /// </summary>
    string? Subformat => null;

    /// <summary>Bytes of a logical sector: 512, or what the format says.</summary>
    int SectorSize => 512;

    /// <summary>
    /// True for a disk that can only be read from front to back: while its extents are read, the bytes of the last one, and always its first MiB. Its
    /// length is what was seen of it so far, and right when its extents came to their end.
    /// </summary>
    bool IsSequential => false;

    /// <summary>Size of the disk in bytes, as the guest sees it.</summary>
    long Length { get; }

    /// <summary>Size of the file in bytes.</summary>
    long FileLength { get; }

    /// <summary>
    /// What a person should know about the file although it can be read, for example that internal snapshots are ignored. Of a sequential disk there may be
    /// more of it when its extents came to their end.
    /// </summary>
    IReadOnlyList<DiskNotice> Notices { get; }

    /// <summary>
    /// The parts of the disk that may hold data, in ascending order, without overlap, never empty, within <see cref="Length"/>. What they leave out
    /// reads as zero. Neighbouring extents may touch. Nothing is read ahead of the consumer.
    /// </summary>
    /// <exception cref="DiskException">The file's tables are damaged.</exception>
    IAsyncEnumerable<DiskExtent> ReadExtentsAsync(CancellationToken cancellationToken);

    /// <summary>Fills the whole buffer from the disk; parts without data are zero.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the disk.</exception>
    /// <exception cref="DiskException">The file cannot be read or is damaged there.</exception>
    ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>
    /// Checks what only the whole file shows, such as the digests that an OVF package has of its files. What was read already is not read again. Call it
    /// after the last read, before anything is made of it.
    /// </summary>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>, or the file cannot be read.</exception>
    ValueTask VerifyAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Checks that the file still has the size and modification time it had when it was opened. Call it after the last read.</summary>
    /// <exception cref="DiskException"><c>SourceChanged</c>: what was read may be a mixture of old and new content.</exception>
    void ThrowIfChanged();
}

/// <summary>A run of bytes of a disk.</summary>
/// <param name="Offset">Where it begins, in bytes.</param>
/// <param name="Length">How long it is, in bytes; at least 1.</param>
public readonly record struct DiskExtent(long Offset, long Length)
{
    /// <summary>The first byte behind it.</summary>
    public long End => Offset + Length;
}
