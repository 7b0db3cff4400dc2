using System.Buffers.Binary;
using System.Collections;
using System.Runtime.InteropServices;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vdi;

/// <summary>The block map, of which a few pages are kept in memory: which block of the file holds a block of the disk.</summary>
internal sealed class BlockMap
{
    private const int PageEntries = 16384;
    private const int CachedPages = 256;

    /// <summary>VDI_UNALLOCATED, and VDI_DISCARDED right below it: without a parent, both read as zero.</summary>
    private const uint Discarded = 0xffff_fffe;

    private readonly SourceFile file;
    private readonly VdiHeader header;
    private readonly RecentlyUsed<uint[]> pages;

    private BlockMap(SourceFile file, VdiHeader header)
    {
        this.file = file;
        this.header = header;
        pages = new RecentlyUsed<uint[]>(CachedPages, LoadAsync);
    }

    /// <summary>Reads all of the map once and checks that every block of the file is there and is used once.</summary>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>.</exception>
    public static async ValueTask<BlockMap> OpenAsync(SourceFile file, VdiHeader header, CancellationToken cancellationToken)
    {
        var map = new BlockMap(file, header);
        var used = new BitArray((int)(Math.Max(0, file.Length - header.DataOffset) / header.BlockSize) + 1);
        for (long page = 0; page * PageEntries < header.Blocks; page++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            uint[] entries = await map.pages.GetAsync(page, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < entries.Length; i++)
            {
                if (entries[i] >= Discarded)
                    continue;
                if (used[(int)entries[i]])
                    throw map.Corrupt((page * PageEntries) + i, "A block of the file is used for two blocks of the disk");
                used[(int)entries[i]] = true;
            }
        }

        return map;
    }

    /// <summary>The longest segment that begins at <paramref name="offset"/>, ends at <paramref name="end"/> or before, and is described by one page.</summary>
    /// <exception cref="DiskException">The map is damaged or cannot be read.</exception>
    public async ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken)
    {
        long page = offset / header.BlockSize / PageEntries;
        end = Math.Min(end, (page + 1) * PageEntries * header.BlockSize);
        uint[] entries = await pages.GetAsync(page, cancellationToken).ConfigureAwait(false);
        Segment whole = One(entries, offset, end);
        while (whole.End < end)
        {
            Segment next = One(entries, whole.End, end);
            if (!whole.Continues(next))
                break;
            whole = whole with { Length = whole.Length + next.Length };
        }

        return whole;
    }

    // The rest of the block that the offset is in.
    private Segment One(uint[] entries, long offset, long end)
    {
        long within = offset % header.BlockSize;
        long length = Math.Min(header.BlockSize - within, end - offset);
        uint entry = entries[offset / header.BlockSize % PageEntries];
        return entry >= Discarded ? new Segment(SegmentKind.Zero, offset, length) : new Segment(SegmentKind.Data, offset, length, OffsetOf(entry) + within);
    }

    private long OffsetOf(uint entry) => header.DataOffset + ((long)entry * header.BlockSize);

    private async Task<uint[]> LoadAsync(long page, CancellationToken cancellationToken)
    {
        uint[] entries = new uint[(int)Math.Min(PageEntries, header.Blocks - (page * PageEntries))];
        byte[] bytes = new byte[entries.Length * sizeof(uint)];
        await file.ReadAsync(header.BlockMapOffset + (page * PageEntries * sizeof(uint)), bytes, cancellationToken).ConfigureAwait(false);
        MemoryMarshal.Cast<byte, uint>(bytes).CopyTo(entries);
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(entries, entries);
        for (int i = 0; i < entries.Length; i++)
        {
            // The last block need not be in the file beyond the end of the disk.
            long block = (page * PageEntries) + i;
            long needed = Math.Min(header.BlockSize, header.DiskSize - (block * header.BlockSize));
            if (entries[i] < Discarded && OffsetOf(entries[i]) > file.Length - needed)
                throw Corrupt(block, "A block is not within the file");
        }

        return entries;
    }

    private DiskException Corrupt(long block, string what) => new("ImageCorrupt", file.Path, what + ".", header.BlockMapOffset + (block * sizeof(uint)));
}
