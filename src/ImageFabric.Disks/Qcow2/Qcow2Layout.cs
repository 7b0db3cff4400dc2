using ImageFabric.Disks.Files;
using ImageFabric.Disks.Layouts;

namespace ImageFabric.Disks.Qcow2;

/// <summary>
/// Where everything lies in a qcow2 file that is written here: header, L1 table, refcount table, refcount blocks, L2 tables, data. It follows from
/// the extents alone, so an interrupted file is found again in the same layout. Clusters of 64 KiB, refcounts of 16 bits.
/// </summary>
internal sealed class Qcow2Layout : ITargetLayout
{
    public const int ClusterBits = 16;
    public const int ClusterSize = 1 << ClusterBits;
    public const int L2Entries = ClusterSize / 8;
    public const int RefcountsPerBlock = ClusterSize / 2;
    public const int RefcountBlocksPerTableCluster = ClusterSize / 8;

    /// <summary>2 PiB, the most that qemu's largest L1 table describes at this cluster size.</summary>
    public const long LargestDisk = Qcow2Header.MaximumL1Length / 8 * L2Entries * ClusterSize;

    private readonly BlockRuns clusters;

    public Qcow2Layout(long virtualLength, IReadOnlyList<DiskExtent> extents)
    {
        Size = (virtualLength + 511) & ~511L;
        L1Entries = (int)CeilingDivide(Size, (long)L2Entries * ClusterSize);
        clusters = new BlockRuns(ClusterBits, extents);
        long l2Tables = clusters.CountGroups(L2Entries);
        long l1Clusters = CeilingDivide(L1Entries * 8L, ClusterSize);
        long others = 1 + l1Clusters + l2Tables + clusters.Count;
        (RefcountTableClusters, RefcountBlocks) = RefcountClusters(others);

        L1TableOffset = ClusterSize;
        RefcountTableOffset = L1TableOffset + (l1Clusters * ClusterSize);
        RefcountBlocksOffset = RefcountTableOffset + (RefcountTableClusters * ClusterSize);
        L2TablesOffset = RefcountBlocksOffset + (RefcountBlocks * ClusterSize);
        DataOffset = L2TablesOffset + (l2Tables * ClusterSize);
        FileLength = DataOffset + (clusters.Count * ClusterSize);
    }

    /// <summary>Virtual disk size in bytes, a multiple of 512.</summary>
    public long Size { get; }

    public int L1Entries { get; }

    public long L1TableOffset { get; }

    public long RefcountTableOffset { get; }

    public long RefcountTableClusters { get; }

    public long RefcountBlocksOffset { get; }

    public long RefcountBlocks { get; }

    public long L2TablesOffset { get; }

    public long DataOffset { get; }

    public long FileLength { get; }

    /// <summary>The clusters of the disk that have a place in the file, ascending, not touching.</summary>
    public IReadOnlyList<BlockRun> Runs => clusters.All;

    public IReadOnlyList<FilePiece> Marks => [new FilePiece(0, Qcow2TableWriter.Header(this))];

    public Task WriteTablesAsync(TargetFile file, CancellationToken cancellationToken) => new Qcow2TableWriter(file, this).WriteAsync(cancellationToken);

    public (long FileOffset, long Contiguous) Locate(long offset)
    {
        (long dataOffset, long contiguous) = clusters.Locate(offset);
        return (DataOffset + dataOffset, contiguous);
    }

    // Each refcount block also counts itself and the others, and so does the table.
    /// <summary>How many clusters a refcount table and its blocks take that count so many others and themselves.</summary>
    public static (long TableClusters, long Blocks) RefcountClusters(long others)
    {
        long table = 1;
        long blocks = 1;
        while (true)
        {
            long neededBlocks = CeilingDivide(others + table + blocks, RefcountsPerBlock);
            long neededTable = CeilingDivide(neededBlocks, RefcountBlocksPerTableCluster);
            if (neededBlocks <= blocks && neededTable <= table)
                return (table, blocks);
            (table, blocks) = (Math.Max(table, neededTable), Math.Max(blocks, neededBlocks));
        }
    }

    private static long CeilingDivide(long value, long by) => (value + by - 1) / by;
}
