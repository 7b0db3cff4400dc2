using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Layouts;

/// <summary>A disk image file under construction. Data goes straight to its final place; tables follow on completion, and the format's marks last of all.</summary>
internal sealed class LayoutTarget : IDiskTarget
{
    private readonly TargetFile file;
    private readonly ITargetLayout layout;
    private readonly ExtentSet extents;

    private LayoutTarget(TargetFile file, ITargetLayout layout, ExtentSet extents)
    {
        this.file = file;
        this.layout = layout;
        this.extents = extents;
    }

    public SafeFileHandle Handle => file.Handle;

    /// <exception cref="DiskException"><c>HostDiskFull</c> or <c>HostWriteFailed</c>.</exception>
    public static async Task<LayoutTarget> OpenAsync(string path, ITargetLayout layout, ExtentSet extents, CancellationToken cancellationToken)
    {
        TargetFile file = TargetFile.Open(path, layout.FileLength);
        try
        {
            var target = new LayoutTarget(file, layout, extents);
            if (file.Reopened)
                await target.ResumeAsync(cancellationToken).ConfigureAwait(false);
            return target;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public (long FileOffset, long Contiguous) Locate(long offset)
    {
        long ofExtent = extents.BytesFrom(offset);
        (long fileOffset, long contiguous) = layout.Locate(offset);
        return (fileOffset, Math.Min(contiguous, ofExtent));
    }

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (data.IsEmpty)
            return;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(data.Length, extents.BytesFrom(offset), nameof(data));
        while (!data.IsEmpty)
        {
            (long fileOffset, long contiguous) = layout.Locate(offset);
            int count = (int)Math.Min(data.Length, contiguous);
            await file.WriteAsync(fileOffset, data[..count], cancellationToken).ConfigureAwait(false);
            data = data[count..];
            offset += count;
        }
    }

    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await layout.WriteTablesAsync(file, cancellationToken).ConfigureAwait(false);

        // A mark that reaches the disk before the data would make a broken file look whole.
        await file.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (layout.Marks.Count == 0)
            return;
        foreach (FilePiece mark in layout.Marks)
            await file.WriteAsync(mark.Offset, mark.Content, cancellationToken).ConfigureAwait(false);
        await file.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        file.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task ResumeAsync(CancellationToken cancellationToken)
    {
        foreach (FilePiece mark in layout.Marks)
            await file.WriteAsync(mark.Offset, new byte[mark.Content.Length], cancellationToken).ConfigureAwait(false);
        if (layout.Marks.Count > 0)
            await file.FlushAsync(cancellationToken).ConfigureAwait(false);
        await file.ClearOutsideAsync(KeptPieces(), 0, layout.FileLength, cancellationToken).ConfigureAwait(false);
    }

    private IEnumerable<DiskExtent> KeptPieces()
    {
        foreach (DiskExtent extent in extents.All)
        {
            for (long at = extent.Offset; at < extent.End;)
            {
                (long fileOffset, long contiguous) = layout.Locate(at);
                long length = Math.Min(contiguous, extent.End - at);
                yield return new DiskExtent(fileOffset, length);
                at += length;
            }
        }
    }
}
