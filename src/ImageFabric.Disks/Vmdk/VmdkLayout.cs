using ImageFabric.Disks.Files;
using ImageFabric.Disks.Layouts;

namespace ImageFabric.Disks.Vmdk;

/// <summary>
/// Where everything lies in a VMDK file that is written here: header, descriptor, redundant grain directory and tables, grain directory and tables,
/// data. All tables have a place, so that a guest can write; those of regions without data are holes. Grains of 64 KiB, subformat monolithicSparse.
/// </summary>
internal sealed class VmdkLayout : ITargetLayout
{
    public const int GrainBits = 16;
    public const int GrainSize = 1 << GrainBits;
    public const int DescriptorOffset = VmdkHeader.SectorSize;
    public const int DescriptorLength = 20 * VmdkHeader.SectorSize;

    /// <summary>Grain tables say in 32 bits at which sector of the file a grain begins.</summary>
    private const long LargestFile = (long)VmdkHeader.SectorSize << 32;

    private readonly BlockRuns grains;

    /// <param name="path">The file, for errors.</param>
    /// <param name="virtualLength">Size of the disk in bytes.</param>
    /// <param name="extents">Ascending, without overlap.</param>
    /// <exception cref="DiskException"><c>ImageTooLarge</c>: the data do not fit into the 2 TiB that a VMDK file can have.</exception>
    public VmdkLayout(string path, long virtualLength, IReadOnlyList<DiskExtent> extents)
    {
        Size = RoundUp(virtualLength, VmdkHeader.SectorSize);
        TableCount = RoundUp(Size, Coverage) / Coverage;
        grains = new BlockRuns(GrainBits, extents);
        RedundantDirectoryOffset = DescriptorOffset + DescriptorLength;
        DirectoryOffset = RedundantDirectoryOffset + DirectoryLength + TablesLength;
        DataOffset = RoundUp(DirectoryOffset + DirectoryLength + TablesLength, GrainSize);
        FileLength = DataOffset + (grains.Count << GrainBits);
        if (FileLength > LargestFile)
            throw new DiskException("ImageTooLarge", path, $"A VMDK file of this image would have {FileLength} bytes; the format allows {LargestFile}.");
    }

    /// <summary>Virtual disk size in bytes, a multiple of 512.</summary>
    public long Size { get; }

    /// <summary>How many grain tables there are in each of the two places.</summary>
    public long TableCount { get; }

    /// <summary>Where the redundant grain directory is, in bytes. Its tables follow it.</summary>
    public long RedundantDirectoryOffset { get; }

    /// <summary>Where the grain directory is, in bytes. Its tables follow it.</summary>
    public long DirectoryOffset { get; }

    /// <summary>Bytes of a grain directory, in whole sectors.</summary>
    public long DirectoryLength => RoundUp(TableCount * sizeof(uint), VmdkHeader.SectorSize);

    /// <summary>Where the first grain is, in bytes.</summary>
    public long DataOffset { get; }

    public long FileLength { get; }

    /// <summary>The grains of the disk that have a place in the file.</summary>
    public IReadOnlyList<BlockRun> Runs => grains.All;

    public IReadOnlyList<FilePiece> Marks => [new FilePiece(0, VmdkTableWriter.Header(this))];

    private static long Coverage => (long)VmdkHeader.MostTableEntries << GrainBits;

    private long TablesLength => TableCount * VmdkHeader.LargestTableLength;

    public Task WriteTablesAsync(TargetFile file, CancellationToken cancellationToken) => new VmdkTableWriter(file, this).WriteAsync(cancellationToken);

    public (long FileOffset, long Contiguous) Locate(long offset)
    {
        (long dataOffset, long contiguous) = grains.Locate(offset);
        return (DataOffset + dataOffset, contiguous);
    }

    private static long RoundUp(long value, long to) => (value + to - 1) / to * to;
}
