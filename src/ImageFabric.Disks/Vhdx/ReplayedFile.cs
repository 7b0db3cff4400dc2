using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Vhdx;

/// <summary>A file as it would be had its log been written back. Reads may overlap in time.</summary>
/// <param name="file">The file as it is.</param>
/// <param name="length">Bytes of the file after the replay; what it has no bytes for reads as zero.</param>
/// <param name="log">The log, if it has been replayed.</param>
/// <param name="changes">What the log changes, ascending, without overlap.</param>
internal sealed class ReplayedFile(SourceFile file, long length, LogRing? log, LogChange[] changes)
{
    public string Path => file.Path;

    public long Length => length;

    public bool WasReplayed => log is not null;

    /// <summary>True when the log changes anything in the range.</summary>
    public bool IsChanged(long offset, long count)
    {
        int found = FirstBehind(offset);
        return found < changes.Length && changes[found].Offset < offset + count;
    }

    /// <summary>Reads a range that lies within <see cref="Length"/>.</summary>
    /// <exception cref="DiskException"><c>FileUnreadable</c> or <c>SourceChanged</c>.</exception>
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int present = (int)Math.Clamp(file.Length - offset, 0, buffer.Length);
        await file.ReadAsync(offset, buffer[..present], cancellationToken).ConfigureAwait(false);
        buffer.Span[present..].Clear();
        for (int i = FirstBehind(offset); i < changes.Length && changes[i].Offset < offset + buffer.Length; i++)
        {
            long start = Math.Max(offset, changes[i].Offset);
            int count = (int)(Math.Min(offset + buffer.Length, changes[i].End) - start);
            Memory<byte> part = buffer.Slice((int)(start - offset), count);
            if (changes[i].Source == LogChange.Zeros)
                part.Span.Clear();
            else
                log!.Bytes(changes[i].Source + (int)(start - changes[i].Offset), count).CopyTo(part);
        }
    }

    // The first change that ends behind the offset.
    private int FirstBehind(long offset)
    {
        int low = 0;
        int high = changes.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (changes[middle].End <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
