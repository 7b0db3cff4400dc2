namespace ImageFabric.Disks.Qcow2;

/// <summary>The places in the file that hold the header, the L1 table, the refcount table and the L2 tables, in which nothing else may lie.</summary>
internal sealed class MetadataRegions
{
    private readonly long[] starts;
    private readonly long[] ends;

    private MetadataRegions(long[] starts, long[] ends)
    {
        this.starts = starts;
        this.ends = ends;
    }

    /// <param name="header">The header.</param>
    /// <param name="path">The file, for errors.</param>
    /// <param name="l2Offsets">Offset of the L2 table per L1 entry, 0 where there is none.</param>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>: two of them overlap, as when two L1 entries lead to one L2 table.</exception>
    public static MetadataRegions Of(Qcow2Header header, string path, ReadOnlySpan<long> l2Offsets)
    {
        int count = 3;
        foreach (long offset in l2Offsets)
            count += offset != 0 ? 1 : 0;
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

        Array.Sort(starts, ends);
        for (int i = 1; i < count; i++)
        {
            if (starts[i] < ends[i - 1])
                throw new DiskException("ImageCorrupt", path, "Two of the file's tables overlap.", starts[i]);
        }

        return new MetadataRegions(starts, ends);
    }

    /// <summary>True when the range touches none of them.</summary>
    public bool AreOutside(long offset, long length)
    {
        int found = Array.BinarySearch(starts, offset);
        if (found >= 0)
            return false;
        int following = ~found;
        return (following == starts.Length || starts[following] >= offset + length) && ends[following - 1] <= offset;
    }
}
