using System.Buffers;
using System.Buffers.Binary;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Qcow2;

/// <summary>Finds where the bytes of the disk are in the file, through the L1 table, kept in memory, and the L2 tables, of which few are.</summary>
internal sealed class ClusterMap
{
    private const int CachedBytes = 16 << 20;

    private readonly SourceFile file;
    private readonly Qcow2Header header;
    private readonly long[] l2Offsets;
    private readonly MetadataRegions regions;
    private readonly RecentlyUsed<L2Table> tables;

    private ClusterMap(SourceFile file, Qcow2Header header, long[] l2Offsets, MetadataRegions regions)
    {
        this.file = file;
        this.header = header;
        this.l2Offsets = l2Offsets;
        this.regions = regions;
        tables = new RecentlyUsed<L2Table>(Math.Max(4, CachedBytes / header.ClusterSize), LoadAsync);
    }

    /// <summary>Reads the L1 table and checks that no two tables overlap and that all lie within the file.</summary>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>.</exception>
    public static async ValueTask<ClusterMap> OpenAsync(SourceFile file, Qcow2Header header, CancellationToken cancellationToken)
    {
        // Entries behind the disk's end describe the state of a running machine, which is not part of the disk.
        int entries = (int)((header.Size + header.L2Coverage - 1) / header.L2Coverage);
        byte[] bytes = new byte[entries * 8];
        await file.ReadAsync(header.L1TableOffset, bytes, cancellationToken).ConfigureAwait(false);
        long[] offsets = new long[entries];
        for (int i = 0; i < entries; i++)
            offsets[i] = L2Offset(file, header, BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * 8)), i);
        return new ClusterMap(file, header, offsets, RegionsOf(header, file.Path, offsets));
    }

    /// <summary>The longest segment that begins at <paramref name="offset"/>, ends at <paramref name="end"/> or before, and is described by one L2 table.</summary>
    /// <exception cref="DiskException">The tables are damaged or cannot be read.</exception>
    public async ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken)
    {
        long index = offset / header.L2Coverage;
        end = Math.Min(end, (index + 1) * header.L2Coverage);
        if (l2Offsets[index] == 0)
            return new Segment(SegmentKind.Zero, offset, end - offset, 0, 0);

        L2Table table = await tables.GetAsync(l2Offsets[index], cancellationToken).ConfigureAwait(false);
        Segment segment = table.Next(offset, end);
        long taken = segment.Kind == SegmentKind.Made ? segment.StoredLength : segment.Length;
        if (segment.Kind != SegmentKind.Zero && !regions.AreOutside(segment.FileOffset, taken))
            throw new DiskException("ImageCorrupt", file.Path, "A cluster of data overlaps one of the file's tables.", segment.FileOffset);
        return segment;
    }

    private static MetadataRegions RegionsOf(Qcow2Header header, string path, long[] l2Offsets)
    {
        int count = 3 + l2Offsets.Count(offset => offset != 0);
        long[] starts = new long[count];
        long[] ends = new long[count];
        (starts[0], ends[0]) = (0, header.ClusterSize);
        (starts[1], ends[1]) = (header.L1TableOffset, header.L1TableOffset + Math.Max(1, header.L1Size * 8L));
        (starts[2], ends[2]) = (header.RefcountTableOffset, header.RefcountTableOffset + header.RefcountTableLength);
        int next = 3;
        foreach (long offset in l2Offsets)
        {
            if (offset != 0)
                (starts[next], ends[next++]) = (offset, offset + header.ClusterSize);
        }

        return new MetadataRegions(path, starts, ends);
    }

    private static long L2Offset(SourceFile file, Qcow2Header header, ulong entry, int index)
    {
        const ulong UsedBit = 1ul << 63;
        long offset = (long)(entry & L2Table.OffsetMask);
        if ((entry & ~(L2Table.OffsetMask | UsedBit)) != 0 || (offset & (header.ClusterSize - 1)) != 0 || offset > file.Length - header.ClusterSize)
            throw new DiskException("ImageCorrupt", file.Path, "An L1 entry does not lead to an L2 table.", header.L1TableOffset + (index * 8L));
        return offset;
    }

    private async Task<L2Table> LoadAsync(long tableOffset, CancellationToken cancellationToken)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(header.ClusterSize);
        try
        {
            await file.ReadAsync(tableOffset, bytes.AsMemory(0, header.ClusterSize), cancellationToken).ConfigureAwait(false);
            return new L2Table(header, file.Path, file.Length, tableOffset, bytes.AsSpan(0, header.ClusterSize));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
