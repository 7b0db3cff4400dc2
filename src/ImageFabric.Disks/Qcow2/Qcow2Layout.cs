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

    private readonly List<ClusterRun> runs = [];

    /// <exception cref="ArgumentOutOfRangeException">The disk is larger than 2 PiB, the most that qemu's largest L1 table describes at this cluster size.</exception>
    public Qcow2Layout(long virtualLength, IReadOnlyList<DiskExtent> extents)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(virtualLength, Qcow2Header.MaximumL1Length / 8 * L2Entries * ClusterSize);
        Size = (virtualLength + 511) & ~511L;
        L1Entries = (int)CeilingDivide(Size, (long)L2Entries * ClusterSize);
        foreach (DiskExtent extent in extents)
            Cover(extent.Offset >> ClusterBits, (extent.End - 1) >> ClusterBits);

        long l1Clusters = CeilingDivide(L1Entries * 8L, ClusterSize);
        long others = 1 + l1Clusters + CountL2Tables() + DataClusters;
        (RefcountTableClusters, RefcountBlocks) = RefcountClusters(others);

        L1TableOffset = ClusterSize;
        RefcountTableOffset = L1TableOffset + (l1Clusters * ClusterSize);
        RefcountBlocksOffset = RefcountTableOffset + (RefcountTableClusters * ClusterSize);
        L2TablesOffset = RefcountBlocksOffset + (RefcountBlocks * ClusterSize);
        DataOffset = L2TablesOffset + (CountL2Tables() * ClusterSize);
        FileLength = DataOffset + (DataClusters * ClusterSize);
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
    public IReadOnlyList<ClusterRun> Runs => runs;

    public IReadOnlyList<FilePiece> Marks => [new FilePiece(0, Qcow2TableWriter.Header(this))];

    private long DataClusters => runs.Count == 0 ? 0 : runs[^1].DataIndex + runs[^1].Count;

    public Task WriteTablesAsync(TargetFile file, CancellationToken cancellationToken) => new Qcow2TableWriter(file, this).WriteAsync(cancellationToken);

    public (long FileOffset, long Contiguous) Locate(long offset)
    {
        long cluster = offset >> ClusterBits;
        int low = 0;
        int high = runs.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (runs[middle].First <= cluster)
                low = middle;
            else
                high = middle - 1;
        }

        ClusterRun run = runs[low];
        return (DataOffset + (run.DataIndex << ClusterBits) + (offset - (run.First << ClusterBits)), (run.End << ClusterBits) - offset);
    }

    // Each refcount block also counts itself and the others, and so does the table.
    private static (long TableClusters, long Blocks) RefcountClusters(long others)
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

    private void Cover(long first, long last)
    {
        if (runs.Count > 0 && runs[^1].End >= first)
        {
            runs[^1] = runs[^1] with { Count = last + 1 - runs[^1].First };
            return;
        }

        runs.Add(new ClusterRun(first, last + 1 - first, DataClusters));
    }

    private long CountL2Tables()
    {
        long tables = 0;
        long previous = -1;
        foreach (ClusterRun run in runs)
        {
            long first = Math.Max(run.First / L2Entries, previous + 1);
            long last = (run.End - 1) / L2Entries;
            tables += Math.Max(0, last + 1 - first);
            previous = last;
        }

        return tables;
    }
}

/// <summary>Clusters that follow each other on the disk and in the file.</summary>
/// <param name="First">The first cluster of the disk, counted in clusters.</param>
/// <param name="Count">How many there are.</param>
/// <param name="DataIndex">Place of the first among all clusters of data in the file.</param>
internal readonly record struct ClusterRun(long First, long Count, long DataIndex)
{
    public long End => First + Count;
}
