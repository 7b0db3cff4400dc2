using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Qcow2;

/// <summary>One L2 table in memory. Sections "Cluster mapping" and "Extended L2 Entries".</summary>
internal sealed class L2Table
{
    /// <summary>Bits 9-55: the offset in an L1 entry or in a standard cluster descriptor.</summary>
    public const ulong OffsetMask = 0x00ff_ffff_ffff_fe00;

    private const ulong CompressedBit = 1ul << 62;
    private const ulong ZeroBit = 1;
    private const ulong ReservedBits = 0x3f00_0000_0000_01fe;
    private const int Subclusters = 32;

    private readonly Qcow2Header header;
    private readonly string path;
    private readonly long fileLength;
    private readonly long tableOffset;
    private readonly ulong[] words;

    /// <param name="header">The header of the file.</param>
    /// <param name="path">The file, for errors.</param>
    /// <param name="fileLength">Its length in bytes.</param>
    /// <param name="tableOffset">Where the table is in it.</param>
    /// <param name="bytes">The table's cluster.</param>
    public L2Table(Qcow2Header header, string path, long fileLength, long tableOffset, ReadOnlySpan<byte> bytes)
    {
        this.header = header;
        this.path = path;
        this.fileLength = fileLength;
        this.tableOffset = tableOffset;
        words = new ulong[bytes.Length / sizeof(ulong)];
        BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ulong>(bytes), words);
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(words, words);
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

    // The rest of the cluster, or of the subcluster, that the offset is in.
    private Segment One(long offset, long end)
    {
        int index = (int)((offset >> header.ClusterBits) & (header.L2Entries - 1));
        int within = (int)(offset & (header.ClusterSize - 1));
        ulong entry = words[header.ExtendedL2 ? index * 2 : index];
        if ((entry & CompressedBit) != 0)
            return Compressed(entry, index, offset, Math.Min(header.ClusterSize - within, end - offset));

        if ((entry & ReservedBits) != 0)
            throw Corrupt(index, "An L2 entry has reserved bits set");
        long clusterOffset = (long)(entry & OffsetMask);
        if ((clusterOffset & (header.ClusterSize - 1)) != 0)
            throw Corrupt(index, "An L2 entry's cluster is not aligned");
        bool zero = (entry & ZeroBit) != 0;
        if (zero && (header.ExtendedL2 || header.Version == 2))
            throw Corrupt(index, "An L2 entry has the zero flag, which this file cannot have");

        int unit = header.ClusterSize;
        if (header.ExtendedL2)
        {
            unit /= Subclusters;
            zero = !SubclusterHasData(words[(index * 2) + 1], within / unit, clusterOffset, index);
        }

        long length = Math.Min(unit - (within & (unit - 1)), end - offset);
        if (zero || clusterOffset == 0)
            return new Segment(SegmentKind.Zero, offset, length, 0, 0);
        if (clusterOffset >= fileLength)
            throw Corrupt(index, "An L2 entry's cluster is behind the end of the file");
        return new Segment(SegmentKind.Data, offset, length, clusterOffset + within, 0);
    }

    private bool SubclusterHasData(ulong bitmap, int subcluster, long clusterOffset, int index)
    {
        uint allocated = (uint)bitmap;
        uint zeros = (uint)(bitmap >> Subclusters);
        if ((allocated & zeros) != 0)
            throw Corrupt(index, "A subcluster is both allocated and zero");
        if (allocated != 0 && clusterOffset == 0)
            throw Corrupt(index, "A subcluster is allocated without a cluster");
        return ((allocated >> subcluster) & 1) != 0;
    }

    private Segment Compressed(ulong entry, int index, long offset, long length)
    {
        int x = 62 - (header.ClusterBits - 8);
        long hostOffset = (long)(entry & ((1ul << x) - 1));
        int sectors = (int)((entry & (CompressedBit - 1)) >> x) + 1;
        int compressedLength = (sectors * 512) - (int)(hostOffset & 511);

        // The file may end within its last cluster: the rest of it reads as zero.
        long lastClusterEnd = (fileLength + header.ClusterSize - 1) & -header.ClusterSize;
        if (hostOffset >= fileLength || compressedLength > lastClusterEnd - hostOffset)
            throw Corrupt(index, "A compressed cluster is not within the file");
        return new Segment(SegmentKind.Made, offset, length, hostOffset, compressedLength);
    }

    private DiskException Corrupt(int index, string what) =>
        new("ImageCorrupt", path, what + ".", tableOffset + ((long)index * (header.ExtendedL2 ? 16 : 8)));
}
