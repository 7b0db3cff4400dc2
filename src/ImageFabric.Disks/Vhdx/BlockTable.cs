using System.Buffers.Binary;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vhdx;

/// <summary>The BAT, of which a few pages are kept in memory: where in the file the payload blocks are. Section 2.5.</summary>
internal sealed class BlockTable
{
    private const int PageEntries = 8192;
    private const int CachedPages = 256;
    private const int EntryLength = 8;
    private const ulong StateMask = 7;
    private const ulong ReservedMask = 0xffff8;
    private const ulong OffsetMask = ~0xffffful;

    private readonly ReplayedFile file;
    private readonly VhdxMetadata metadata;
    private readonly long batOffset;
    private readonly long chunkRatio;
    private readonly long entries;
    private readonly RecentlyUsed<long[]> pages;

    private BlockTable(ReplayedFile file, VhdxMetadata metadata, DiskExtent region)
    {
        this.file = file;
        this.metadata = metadata;
        batOffset = region.Offset;
        chunkRatio = VhdxFormat.ChunkRatio(metadata.LogicalSectorSize, metadata.BlockSize);
        entries = VhdxFormat.BatEntries((metadata.VirtualDiskSize + metadata.BlockSize - 1) / metadata.BlockSize, chunkRatio);
        if (entries > region.Length / EntryLength)
            throw new DiskException("ImageCorrupt", file.Path, $"The BAT has room for {region.Length / EntryLength} entries where the disk needs {entries}.", region.Offset);
        pages = new RecentlyUsed<long[]>(CachedPages, LoadAsync);
    }

    /// <summary>Reads all of the BAT once and checks that the blocks lie within the file and neither on each other nor on anything else.</summary>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>.</exception>
    public static async ValueTask<BlockTable> OpenAsync(
        ReplayedFile file, VhdxMetadata metadata, DiskExtent region, FileOccupancy occupancy, CancellationToken cancellationToken)
    {
        var table = new BlockTable(file, metadata, region);
        for (long page = 0; page * PageEntries < table.entries; page++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long[] offsets = await table.pages.GetAsync(page, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < offsets.Length; i++)
            {
                long entry = (page * PageEntries) + i;
                if (offsets[i] != 0 && !occupancy.TryTake(offsets[i], table.LengthOf(table.BlockOf(entry))))
                    throw table.Corrupt(entry, "A block overlaps something else in the file");
            }
        }

        return table;
    }

    /// <summary>The longest segment that begins at <paramref name="offset"/>, ends at <paramref name="end"/> or before, and is described by one page.</summary>
    /// <exception cref="DiskException">The BAT is damaged or cannot be read.</exception>
    public async ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken)
    {
        long entry = EntryOf(offset / metadata.BlockSize);
        long[] offsets = await pages.GetAsync(entry / PageEntries, cancellationToken).ConfigureAwait(false);
        Segment whole = One(offsets, offset, end);
        while (whole.End < end && EntryOf(whole.End / metadata.BlockSize) / PageEntries == entry / PageEntries)
        {
            Segment next = One(offsets, whole.End, end);
            if (!whole.Continues(next))
                break;
            whole = whole with { Length = whole.Length + next.Length };
        }

        return whole;
    }

    // The rest of the block that the offset is in. What the log has changed is not what the file system holds.
    private Segment One(long[] offsets, long offset, long end)
    {
        long block = offset / metadata.BlockSize;
        long within = offset % metadata.BlockSize;
        long length = Math.Min(metadata.BlockSize - within, end - offset);
        long blockOffset = offsets[EntryOf(block) % PageEntries];
        if (blockOffset == 0)
            return new Segment(SegmentKind.Zero, offset, length);
        SegmentKind kind = file.IsChanged(blockOffset, metadata.BlockSize) ? SegmentKind.Made : SegmentKind.Data;
        return new Segment(kind, offset, length, blockOffset + within);
    }

    private long EntryOf(long block) => block + (block / chunkRatio);

    private bool IsSectorBitmap(long entry) => entry % (chunkRatio + 1) == chunkRatio;

    private long BlockOf(long entry) => entry - (entry / (chunkRatio + 1));

    // The last block need not be in the file beyond the end of the disk.
    private long LengthOf(long block) => Math.Min(metadata.BlockSize, metadata.VirtualDiskSize - (block * metadata.BlockSize));

    private async Task<long[]> LoadAsync(long page, CancellationToken cancellationToken)
    {
        int count = (int)Math.Min(PageEntries, entries - (page * PageEntries));
        byte[] bytes = new byte[count * EntryLength];
        await file.ReadAsync(batOffset + (page * PageEntries * EntryLength), bytes, cancellationToken).ConfigureAwait(false);
        long[] offsets = new long[count];
        for (int i = 0; i < count; i++)
            offsets[i] = OffsetIn(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(i * EntryLength)), (page * PageEntries) + i);
        return offsets;
    }

    // Where the block is in the file; 0 when it reads as zero. Only a file with a parent has sector bitmaps, so their entries say nothing here.
    private long OffsetIn(ulong value, long entry)
    {
        if (IsSectorBitmap(entry))
            return 0;
        switch ((int)(value & StateMask))
        {
            case VhdxFormat.NotPresent or VhdxFormat.Undefined or VhdxFormat.ZeroBlock or VhdxFormat.Unmapped or VhdxFormat.UnmappedOfVersion095:
                return 0;
            case VhdxFormat.FullyPresent:
                ulong offset = value & OffsetMask;
                long length = LengthOf(BlockOf(entry));
                if ((value & ReservedMask) != 0)
                    throw Corrupt(entry, "A BAT entry has reserved bits set");
                if (offset < VhdxFormat.HeaderSectionLength || offset > (ulong)file.Length || length > file.Length - (long)offset)
                    throw Corrupt(entry, "A block is not within the file");
                return (long)offset;
            case VhdxFormat.PartiallyPresent:
                throw Corrupt(entry, "A block is partially present in a file that has no parent");
            default:
                throw Corrupt(entry, "A BAT entry has a state that is not known");
        }
    }

    private DiskException Corrupt(long entry, string what) => new("ImageCorrupt", file.Path, what + ".", batOffset + (entry * EntryLength));
}
