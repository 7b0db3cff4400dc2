using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vmdk;

/// <summary>Some neighbouring grain tables in memory. "Virtual Disk Format 5.0", section "Grain Table".</summary>
internal sealed class GrainTables
{
    /// <summary>How many tables are kept together. They are mostly in one piece of the file, so that one read gets them.</summary>
    public const int Count = 32;

    private const uint Unallocated = 0;
    private const uint ZeroedGrain = 1;

    private readonly SourceFile file;
    private readonly VmdkHeader header;
    private readonly ReadOnlyMemory<uint> directory;
    private readonly uint[] entries;

    private GrainTables(SourceFile file, VmdkHeader header, ReadOnlyMemory<uint> directory, uint[] entries)
    {
        this.file = file;
        this.header = header;
        this.directory = directory;
        this.entries = entries;
    }

    /// <summary>Reads the tables, except what is a hole of the file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="header">Its header.</param>
    /// <param name="directory">The directory's entries of these tables, at most <see cref="Count"/>: the sectors at which they begin, 0 where there is none.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException"><c>FileUnreadable</c> or <c>SourceChanged</c>.</exception>
    public static async Task<GrainTables> ReadAsync(SourceFile file, VmdkHeader header, ReadOnlyMemory<uint> directory, CancellationToken cancellationToken)
    {
        uint[] entries = new uint[directory.Length * header.GrainTableEntries];
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Count * header.GrainTableLength);
        try
        {
            for (int first = 0; first < directory.Length;)
            {
                int count = Contiguous(directory.Span[first..], header.GrainTableLength);
                long offset = (long)directory.Span[first] * VmdkHeader.SectorSize;
                Memory<byte> tables = bytes.AsMemory(0, count * header.GrainTableLength);
                if (offset != 0 && file.HasDataIn(offset, tables.Length))
                {
                    await file.ReadAsync(offset, tables, cancellationToken).ConfigureAwait(false);
                    MemoryMarshal.Cast<byte, uint>(tables.Span).CopyTo(entries.AsSpan(first * header.GrainTableEntries));
                }

                first += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }

        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(entries, entries);
        return new GrainTables(file, header, directory, entries);
    }

    /// <summary>The longest segment that begins at a disk offset and ends at <paramref name="end"/> or before.</summary>
    /// <param name="offset">An offset that these tables describe.</param>
    /// <param name="end">Behind <paramref name="offset"/>, and not behind what these tables describe.</param>
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

    // How many tables follow each other in the file; at least 1.
    private static int Contiguous(ReadOnlySpan<uint> sectors, int tableLength)
    {
        int count = 1;
        while (sectors[0] != 0 && count < sectors.Length && (sectors[count] - (long)sectors[count - 1]) * VmdkHeader.SectorSize == tableLength)
            count++;
        return count;
    }

    // The rest of the grain that the offset is in.
    private Segment One(long offset, long end)
    {
        int index = (int)(offset / header.GrainSize % (Count * header.GrainTableEntries));
        int within = (int)(offset & (header.GrainSize - 1));
        long length = Math.Min(header.GrainSize - within, end - offset);
        uint entry = entries[index];
        if (entry == Unallocated)
            return new Segment(SegmentKind.Zero, offset, Math.Min(end - offset, ((long)UnallocatedFrom(index) * header.GrainSize) - within));
        if (entry == ZeroedGrain && header.HasZeroedGrains)
            return new Segment(SegmentKind.Zero, offset, length);

        // The last grain need not be in the file beyond the end of the disk.
        long grainOffset = (long)entry * VmdkHeader.SectorSize;
        long needed = header.IsCompressed ? GrainMarker.Length + 1 : Math.Min(header.GrainSize, header.Capacity - (offset - within));
        if (grainOffset > file.Length - needed)
            throw new DiskException("ImageCorrupt", file.Path, "A grain is not within the file.", PlaceOf(index));
        return header.IsCompressed
            ? new Segment(SegmentKind.Made, offset, length, grainOffset, (int)Math.Min(GrainMarker.Length + (2L * header.GrainSize), file.Length - grainOffset))
            : new Segment(SegmentKind.Data, offset, length, grainOffset + within);
    }

    private int UnallocatedFrom(int index)
    {
        int count = entries.AsSpan(index).IndexOfAnyExcept(Unallocated);
        return count < 0 ? entries.Length - index : count;
    }

    private long PlaceOf(int index) =>
        ((long)directory.Span[index / header.GrainTableEntries] * VmdkHeader.SectorSize) + (index % header.GrainTableEntries * sizeof(uint));
}
