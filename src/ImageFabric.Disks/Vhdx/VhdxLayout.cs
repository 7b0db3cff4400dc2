using ImageFabric.Disks.Files;
using ImageFabric.Disks.Layouts;

namespace ImageFabric.Disks.Vhdx;

/// <summary>
/// Where everything lies in a VHDX file that is written here: header section, an empty log, metadata, BAT, payload blocks. The last are those that an
/// extent touches, or, in a fixed file, all.
/// </summary>
internal sealed class VhdxLayout : ITargetLayout
{
    public const long LogOffset = VhdxFormat.HeaderSectionLength;
    public const int LogLength = VhdxFormat.MiB;
    public const long MetadataOffset = LogOffset + LogLength;
    public const int MetadataLength = VhdxFormat.MiB;
    public const long BatOffset = MetadataOffset + MetadataLength;

    private const int SmallestBlockBits = 20;
    private const int LargestBlockBits = 25;

    // As many as a BAT of 1 MiB has room for, sector bitmaps included.
    private const long BlocksWorthwhile = 127 << 10;

    private readonly BlockRuns runs;

    public VhdxLayout(long virtualLength, int sectorSize, IReadOnlyList<DiskExtent> extents, bool isFixed)
    {
        SectorSize = sectorSize;
        Size = (virtualLength + sectorSize - 1) & -sectorSize;
        IsFixed = isFixed;
        int blockBits = ChooseBlockBits(Size);
        BlockSize = 1 << blockBits;
        long blocks = (Size + BlockSize - 1) / BlockSize;
        BatEntries = VhdxFormat.BatEntries(blocks, ChunkRatio);
        BatLength = (int)((BatEntries * 8) + VhdxFormat.MiB - 1) & -VhdxFormat.MiB;
        runs = new BlockRuns(blockBits, isFixed ? [new DiskExtent(0, Size)] : extents);
        DataOffset = BatOffset + BatLength;
        FileLength = DataOffset + (runs.Count * BlockSize);
        Marks = [new FilePiece(0, VhdxTableWriter.FileTypeIdentifier())];
    }

    /// <summary>Bytes of a logical sector, 512 or 4096.</summary>
    public int SectorSize { get; }

    /// <summary>Bytes of the disk, a multiple of <see cref="SectorSize"/>.</summary>
    public long Size { get; }

    public bool IsFixed { get; }

    /// <summary>Bytes of a payload block: 1 MiB for disks up to 127 GiB, so that small images stay small, and up to 32 MiB for larger ones.</summary>
    public int BlockSize { get; }

    public long BatEntries { get; }

    /// <summary>Bytes of the BAT region, a multiple of 1 MiB.</summary>
    public int BatLength { get; }

    public long ChunkRatio => VhdxFormat.ChunkRatio(SectorSize, BlockSize);

    public long DataOffset { get; }

    public long FileLength { get; }

    public IReadOnlyList<FilePiece> Marks { get; }

    /// <summary>The blocks of the disk that have a place in the file, ascending, not touching.</summary>
    public IReadOnlyList<BlockRun> Runs => runs.All;

    public (long FileOffset, long Contiguous) Locate(long offset)
    {
        (long dataOffset, long contiguous) = runs.Locate(offset);
        return (DataOffset + dataOffset, contiguous);
    }

    public Task WriteTablesAsync(TargetFile file, CancellationToken cancellationToken) => new VhdxTableWriter(file, this).WriteAsync(cancellationToken);

    private static int ChooseBlockBits(long size)
    {
        int bits = SmallestBlockBits;
        while (bits < LargestBlockBits && size > BlocksWorthwhile << bits)
            bits++;
        return bits;
    }
}
