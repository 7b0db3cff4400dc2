using System.Buffers.Binary;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Layouts;

namespace ImageFabric.Disks.Vhd;

/// <summary>
/// Where everything lies in a dynamic VHD that is written here: a copy of the footer, the header, the table, blocks of 2 MiB each behind its bitmap, the
/// footer. The bitmaps end, and so the data begins, at multiples of 4096, so that blocks can be shared with other files.
/// </summary>
internal sealed class VhdLayout : ITargetLayout
{
    private const int BlockBits = 21;
    private const int BlockSize = 1 << BlockBits;
    private const int Alignment = 4096;
    private const int BitmapLength = BlockSize / VhdFooter.SectorSize / 8;
    private const int BitmapOffset = Alignment - BitmapLength;
    private const long Stride = Alignment + BlockSize;
    private const long HeaderOffset = VhdFooter.Length;
    private const long TableOffset = HeaderOffset + VhdDynamicHeader.Length;

    private readonly BlockRuns runs;
    private readonly int entries;
    private readonly long blocksOffset;

    public VhdLayout(long virtualLength, IReadOnlyList<DiskExtent> extents)
    {
        long size = (virtualLength + VhdFooter.SectorSize - 1) & -VhdFooter.SectorSize;
        entries = (int)((size + BlockSize - 1) / BlockSize);
        runs = new BlockRuns(BlockBits, extents);
        blocksOffset = (TableOffset + (entries * (long)sizeof(uint)) + Alignment - 1) & -Alignment;
        long footerOffset = blocksOffset + (runs.Count * Stride);
        FileLength = footerOffset + VhdFooter.Length;
        byte[] footer = VhdFooterWriter.Footer(size, VhdFooter.DynamicType, HeaderOffset);
        Marks = [new FilePiece(0, footer), new FilePiece(footerOffset, footer)];
    }

    public long FileLength { get; }

    public IReadOnlyList<FilePiece> Marks { get; }

    public (long FileOffset, long Contiguous) Locate(long offset)
    {
        long dataOffset = runs.Locate(offset).DataOffset;
        long within = dataOffset % BlockSize;
        return (BlockOffset(dataOffset / BlockSize) + Alignment + within, BlockSize - within);
    }

    public async Task WriteTablesAsync(TargetFile file, CancellationToken cancellationToken)
    {
        byte[] table = new byte[entries * sizeof(uint)];
        table.AsSpan().Fill(0xff);
        foreach (BlockRun run in runs.All)
        {
            for (long block = run.First; block < run.End; block++)
            {
                long bitmap = BlockOffset(run.DataIndex + (block - run.First)) + BitmapOffset;
                BinaryPrimitives.WriteUInt32BigEndian(table.AsSpan((int)block * sizeof(uint)), (uint)(bitmap / VhdFooter.SectorSize));
            }
        }

        byte[] allSet = new byte[BitmapLength];
        allSet.AsSpan().Fill(0xff);
        await file.WriteEverywhereAsync(BitmapOffsets(), allSet, cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(TableOffset, table, cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(HeaderOffset, Header(), cancellationToken).ConfigureAwait(false);
    }

    private IEnumerable<long> BitmapOffsets()
    {
        for (long dataIndex = 0; dataIndex < runs.Count; dataIndex++)
            yield return BlockOffset(dataIndex) + BitmapOffset;
    }

    private long BlockOffset(long dataIndex) => blocksOffset + (dataIndex * Stride);

    // Section "Dynamic Disk Header Format". Data Offset is not used; the parent's fields stay zero.
    private byte[] Header()
    {
        byte[] header = new byte[VhdDynamicHeader.Length];
        VhdDynamicHeader.Cookie.CopyTo(header);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(8), ulong.MaxValue);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(16), TableOffset);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(24), VhdDynamicHeader.HeaderVersion);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(28), entries);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(32), BlockSize);
        VhdChecksum.Set(header, VhdDynamicHeader.ChecksumOffset);
        return header;
    }
}
