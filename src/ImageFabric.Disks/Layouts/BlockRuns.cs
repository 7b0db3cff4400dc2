namespace ImageFabric.Disks.Layouts;

/// <summary>The blocks of a disk that its extents touch, which are those that get a place in the file, one behind the other in the disk's order.</summary>
internal sealed class BlockRuns
{
    private readonly int blockBits;
    private readonly List<BlockRun> runs = [];

    /// <param name="blockBits">Logarithm of the block's size in bytes.</param>
    /// <param name="extents">Ascending, without overlap.</param>
    public BlockRuns(int blockBits, IReadOnlyList<DiskExtent> extents)
    {
        this.blockBits = blockBits;
        foreach (DiskExtent extent in extents)
            Cover(extent.Offset >> blockBits, (extent.End - 1) >> blockBits);
    }

    /// <summary>Ascending, not touching.</summary>
    public IReadOnlyList<BlockRun> All => runs;

    /// <summary>How many blocks there are.</summary>
    public long Count => runs.Count == 0 ? 0 : runs[^1].DataIndex + runs[^1].Count;

    /// <summary>Where a byte of an extent is behind the first byte of the first block, and how many bytes from there on are contiguous.</summary>
    public (long DataOffset, long Contiguous) Locate(long offset)
    {
        long block = offset >> blockBits;
        int low = 0;
        int high = runs.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (runs[middle].First <= block)
                low = middle;
            else
                high = middle - 1;
        }

        BlockRun run = runs[low];
        return ((run.DataIndex << blockBits) + (offset - (run.First << blockBits)), (run.End << blockBits) - offset);
    }

    /// <summary>How many groups hold a block, when each group is so many blocks of the disk: the tables that are needed.</summary>
    public long CountGroups(int blocksPerGroup)
    {
        long groups = 0;
        long previous = -1;
        foreach (BlockRun run in runs)
        {
            long first = Math.Max(run.First / blocksPerGroup, previous + 1);
            long last = (run.End - 1) / blocksPerGroup;
            groups += Math.Max(0, last + 1 - first);
            previous = last;
        }

        return groups;
    }

    private void Cover(long first, long last)
    {
        if (runs.Count > 0 && runs[^1].End >= first)
            runs[^1] = runs[^1] with { Count = last + 1 - runs[^1].First };
        else
            runs.Add(new BlockRun(first, last + 1 - first, Count));
    }
}

/// <summary>Blocks that follow each other on the disk and in the file.</summary>
/// <param name="First">The first block of the disk, counted in blocks.</param>
/// <param name="Count">How many there are.</param>
/// <param name="DataIndex">Place of the first among all blocks in the file.</param>
internal readonly record struct BlockRun(long First, long Count, long DataIndex)
{
    public long End => First + Count;
}
