namespace ImageFabric.Disks;

/// <summary>The announced extents of a target, touching ones joined, to be looked up by offset.</summary>
internal sealed class ExtentSet
{
    private readonly List<DiskExtent> extents = [];

    /// <exception cref="ArgumentException">The extents are empty, not ascending, overlap, or leave the disk.</exception>
    public ExtentSet(IReadOnlyList<DiskExtent> dataExtents, long virtualLength)
    {
        long end = 0;
        foreach (DiskExtent extent in dataExtents)
        {
            if (extent.Offset < end || extent.Length < 1 || extent.Offset > virtualLength - extent.Length)
                throw new ArgumentException($"The extent {extent} is empty, out of order, or not within the disk of {virtualLength} bytes.", nameof(dataExtents));
            if (extents.Count > 0 && extent.Offset == end)
                extents[^1] = extents[^1] with { Length = extent.End - extents[^1].Offset };
            else
                extents.Add(extent);
            end = extent.End;
        }
    }

    /// <summary>Ascending, with a gap between each two.</summary>
    public IReadOnlyList<DiskExtent> All => extents;

    /// <summary>How many bytes from the offset on lie in one extent.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset lies in none.</exception>
    public long BytesFrom(long offset)
    {
        int low = 0;
        int high = extents.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (extents[middle].End <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low < extents.Count && extents[low].Offset <= offset
            ? extents[low].End - offset
            : throw new ArgumentOutOfRangeException(nameof(offset), offset, "The offset lies in no extent that was announced.");
    }
}
