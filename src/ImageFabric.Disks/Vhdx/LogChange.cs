namespace ImageFabric.Disks.Vhdx;

/// <summary>What the log makes of a range of the file.</summary>
/// <param name="Offset">Where in the file it begins, in bytes.</param>
/// <param name="Length">Bytes, a multiple of 4096.</param>
/// <param name="Source">Where in the log its content is, or <see cref="Zeros"/>.</param>
internal readonly record struct LogChange(long Offset, long Length, int Source)
{
    public const int Zeros = -1;

    public long End => Offset + Length;

    /// <summary>Changes that ascend and do not overlap, with the same effect as the given ones one after the other.</summary>
    public static LogChange[] Flatten(IReadOnlyList<LogChange> changes)
    {
        int[] byOffset = [.. Enumerable.Range(0, changes.Count)];
        long[] starts = [.. changes.Select(change => change.Offset)];
        Array.Sort(starts, byOffset);
        long[] borders = [.. changes.Select(change => change.Offset).Concat(changes.Select(change => change.End)).Distinct().Order()];

        var flat = new List<LogChange>();
        var open = new PriorityQueue<int, int>();
        int next = 0;
        for (int i = 0; i + 1 < borders.Length; i++)
        {
            for (; next < byOffset.Length && starts[next] == borders[i]; next++)
                open.Enqueue(byOffset[next], -byOffset[next]);
            while (open.TryPeek(out int last, out _) && changes[last].End <= borders[i])
                open.Dequeue();

            // The latest change that is open here hides the others. Sectors of data are not divided: all borders are multiples of their length.
            if (open.TryPeek(out int visible, out _))
                flat.Add(new LogChange(borders[i], borders[i + 1] - borders[i], changes[visible].Source));
        }

        return [.. flat];
    }
}
