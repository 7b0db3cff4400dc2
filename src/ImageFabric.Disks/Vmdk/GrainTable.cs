using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vmdk;

/// <summary>One grain table in memory. "Virtual Disk Format 5.0", section "Grain Table".</summary>
internal sealed class GrainTable
{
    private const uint Unallocated = 0;
    private const uint ZeroedGrain = 1;

    private readonly VmdkHeader header;
    private readonly string path;
    private readonly long fileLength;
    private readonly long tableOffset;
    private readonly uint[] entries;

    /// <param name="header">The header of the file.</param>
    /// <param name="path">The file, for errors.</param>
    /// <param name="fileLength">Its length in bytes.</param>
    /// <param name="tableOffset">Where the table is in it.</param>
    /// <param name="bytes">The table.</param>
    public GrainTable(VmdkHeader header, string path, long fileLength, long tableOffset, ReadOnlySpan<byte> bytes)
    {
        this.header = header;
        this.path = path;
        this.fileLength = fileLength;
        this.tableOffset = tableOffset;
        entries = MemoryMarshal.Cast<byte, uint>(bytes).ToArray();
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(entries, entries);
    }

    /// <summary>The longest segment that begins at a disk offset and ends at <paramref name="end"/> or before.</summary>
    /// <param name="offset">An offset that this table describes.</param>
    /// <param name="end">Behind <paramref name="offset"/>, and not behind what this table describes.</param>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>.</exception>
    public Segment Next(long offset, long end)
    {
        Segment whole = One(offset, end);
        while (whole.End < end)
        {
            Segment next = One(whole.End, end);
            if (!whole.Continues(next))
                break;
            whole = whole with { Length = whole.Length + next.Length };
        }

        return whole;
    }

    // The rest of the grain that the offset is in.
    private Segment One(long offset, long end)
    {
        int index = (int)(offset / header.GrainSize % VmdkHeader.GrainTableEntries);
        int within = (int)(offset & (header.GrainSize - 1));
        long length = Math.Min(header.GrainSize - within, end - offset);
        uint entry = entries[index];
        if (entry == Unallocated || (entry == ZeroedGrain && header.HasZeroedGrains))
            return new Segment(SegmentKind.Zero, offset, length);

        // The last grain need not be in the file beyond the end of the disk.
        long grainOffset = (long)entry * VmdkHeader.SectorSize;
        long needed = header.IsCompressed ? GrainMarker.Length + 1 : Math.Min(header.GrainSize, header.Capacity - (offset - within));
        if (grainOffset > fileLength - needed)
            throw new DiskException("ImageCorrupt", path, "A grain is not within the file.", tableOffset + ((long)index * sizeof(uint)));
        return header.IsCompressed
            ? new Segment(SegmentKind.Made, offset, length, grainOffset, (int)Math.Min(GrainMarker.Length + (2L * header.GrainSize), fileLength - grainOffset))
            : new Segment(SegmentKind.Data, offset, length, grainOffset + within);
    }
}
