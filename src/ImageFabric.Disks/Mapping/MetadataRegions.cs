namespace ImageFabric.Disks.Mapping;

/// <summary>The places in the file that hold its header and its tables, in which nothing else may lie.</summary>
internal sealed class MetadataRegions
{
    private readonly long[] starts;
    private readonly long[] ends;

    /// <param name="path">The file, for errors.</param>
    /// <param name="starts">Where each begins in the file, in bytes. Taken over, and put into order.</param>
    /// <param name="ends">The first byte behind each.</param>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>: two of them overlap, as when two entries lead to one table.</exception>
    public MetadataRegions(string path, long[] starts, long[] ends)
    {
        this.starts = starts;
        this.ends = ends;
        Array.Sort(starts, ends);
        for (int i = 1; i < starts.Length; i++)
        {
            if (starts[i] < ends[i - 1])
                throw new DiskException("ImageCorrupt", path, "Two of the file's tables overlap.", starts[i]);
        }
    }

    /// <summary>True when the range touches none of them.</summary>
    public bool AreOutside(long offset, long length)
    {
        int found = Array.BinarySearch(starts, offset);
        if (found >= 0)
            return false;
        int following = ~found;
        return (following == starts.Length || starts[following] >= offset + length) && (following == 0 || ends[following - 1] <= offset);
    }
}
