using System.Buffers.Binary;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vhd;

/// <summary>
/// The blocks of a dynamic disk. Each begins with a bitmap of its sectors; a sector whose bit is 0 was never written, and reads as zero. Sections
/// "Block Allocation Table and Data Blocks" and "Data Blocks".
/// </summary>
internal sealed class VhdBlocks : ISegmentMap
{
    /// <summary>The largest table that is read: 2040 GiB in blocks of 256 KiB; the usual blocks are of 2 MiB.</summary>
    private const long MostEntries = 8L << 20;
    private const int CachedBitmapBytes = 16 << 20;
    private const uint Unused = 0xffff_ffff;

    private readonly SourceFile file;
    private readonly VhdDynamicHeader header;
    private readonly uint[] sectors;
    private readonly RecentlyUsed<byte[]> bitmaps;

    private VhdBlocks(SourceFile file, VhdDynamicHeader header, uint[] sectors)
    {
        this.file = file;
        this.header = header;
        this.sectors = sectors;
        bitmaps = new RecentlyUsed<byte[]>(Math.Max(4, CachedBitmapBytes / header.BitmapLength), LoadBitmapAsync);
    }

    /// <summary>Reads the table and checks that the blocks lie within the file and neither on each other nor on anything else.</summary>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>, or <c>FormatFeatureNotSupported</c> for blocks so small that the table would be too large.</exception>
    public static async ValueTask<VhdBlocks> OpenAsync(SourceFile file, VhdDynamicHeader header, DiskExtent? footer, long diskLength, CancellationToken cancellationToken)
    {
        long needed = (diskLength + header.BlockSize - 1) / header.BlockSize;
        if (header.MaxTableEntries < needed)
            throw new DiskException("ImageCorrupt", file.Path, $"The table has {header.MaxTableEntries} entries where the disk needs {needed}.", header.FileOffset + 28);
        if (needed > MostEntries)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"The disk has {needed} blocks; the limit is {MostEntries}.", header.FileOffset + 32);
        if (header.TableOffset > file.Length - (needed * sizeof(uint)))
            throw new DiskException("ImageCorrupt", file.Path, "The block allocation table is not within the file.", header.FileOffset + 16);
        byte[] bytes = new byte[needed * sizeof(uint)];
        await file.ReadAsync(header.TableOffset, bytes, cancellationToken).ConfigureAwait(false);
        uint[] sectors = new uint[needed];
        for (int i = 0; i < sectors.Length; i++)
            sectors[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(i * sizeof(uint)));
        var blocks = new VhdBlocks(file, header, sectors);
        blocks.CheckPlaces(footer);
        return blocks;
    }

    public async ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken)
    {
        long block = offset / header.BlockSize;
        if (sectors[block] == Unused)
        {
            while (++block * header.BlockSize < end && sectors[block] == Unused)
            {
            }

            return new Segment(SegmentKind.Zero, offset, Math.Min(end, block * header.BlockSize) - offset);
        }

        byte[] bitmap = await bitmaps.GetAsync(block, cancellationToken).ConfigureAwait(false);
        long within = offset % header.BlockSize;
        end = Math.Min(end, offset - within + header.BlockSize);
        int first = (int)(within / VhdFooter.SectorSize);
        int behind = (int)((end - (offset - within) + VhdFooter.SectorSize - 1) / VhdFooter.SectorSize);
        bool present = SectorBitmap.IsSet(bitmap, first);
        int last = SectorBitmap.EndOfRun(bitmap, first, behind);
        long length = Math.Min(end - offset, ((long)last * VhdFooter.SectorSize) - within);
        return present
            ? new Segment(SegmentKind.Data, offset, length, PlaceOf(block) + header.BitmapLength + within)
            : new Segment(SegmentKind.Zero, offset, length);
    }

    private long PlaceOf(long block) => (long)sectors[block] * VhdFooter.SectorSize;

    private void CheckPlaces(DiskExtent? footer)
    {
        long whole = header.BitmapLength + header.BlockSize;
        DiskExtent[] others =
        [
            new(0, VhdFooter.Length), new(header.FileOffset, VhdDynamicHeader.Length), new(header.TableOffset, sectors.Length * (long)sizeof(uint)),
            .. footer is { } end ? [end] : Array.Empty<DiskExtent>(),
        ];
        for (int i = 0; i < sectors.Length; i++)
        {
            if (sectors[i] == Unused)
                continue;
            long place = PlaceOf(i);
            if (place > file.Length - whole)
                throw new DiskException("ImageCorrupt", file.Path, "A block is not within the file.", header.TableOffset + (i * (long)sizeof(uint)));
            foreach (DiskExtent other in others)
            {
                if (place < other.End && other.Offset < place + whole)
                    throw new DiskException("ImageCorrupt", file.Path, "A block overlaps the footer, its copy, the header or the table.", header.TableOffset + (i * (long)sizeof(uint)));
            }
        }

        uint[] sorted = Array.FindAll(sectors, sector => sector != Unused);
        Array.Sort(sorted);
        for (int i = 1; i < sorted.Length; i++)
        {
            if ((sorted[i] - (long)sorted[i - 1]) * VhdFooter.SectorSize < whole)
                throw new DiskException("ImageCorrupt", file.Path, "Two blocks overlap.", (long)sorted[i] * VhdFooter.SectorSize);
        }
    }

    private async Task<byte[]> LoadBitmapAsync(long block, CancellationToken cancellationToken)
    {
        byte[] bitmap = new byte[header.BitmapLength];
        await file.ReadAsync(PlaceOf(block), bitmap, cancellationToken).ConfigureAwait(false);
        return bitmap;
    }
}
