using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Qcow2;

/// <summary>A qcow2 file, version 3, under construction. Data goes straight to its final place; tables follow on completion, and the header last of all.</summary>
internal sealed class Qcow2Target : IDiskTarget
{
    private readonly TargetFile file;
    private readonly Qcow2Layout layout;
    private readonly ExtentSet extents;

    private Qcow2Target(TargetFile file, Qcow2Layout layout, ExtentSet extents)
    {
        this.file = file;
        this.layout = layout;
        this.extents = extents;
    }

    public SafeFileHandle Handle => file.Handle;

    public static async Task<Qcow2Target> OpenAsync(string path, long virtualLength, ExtentSet extents, CancellationToken cancellationToken)
    {
        var layout = new Qcow2Layout(virtualLength, extents.All);
        TargetFile file = TargetFile.Open(path, layout.FileLength);
        try
        {
            var target = new Qcow2Target(file, layout, extents);
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
        long contiguous = extents.BytesFrom(offset);
        return (layout.FileOffset(offset), contiguous);
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (data.IsEmpty)
            return ValueTask.CompletedTask;
        (long fileOffset, long contiguous) = Locate(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(data.Length, contiguous, nameof(data));
        return file.WriteAsync(fileOffset, data, cancellationToken);
    }

    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await new Qcow2TableWriter(file, layout).WriteAsync(cancellationToken).ConfigureAwait(false);

        // A header that reaches the disk before the data would make a broken file look whole.
        await file.FlushAsync(cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(0, Qcow2TableWriter.Header(layout), cancellationToken).ConfigureAwait(false);
        await file.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        file.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task ResumeAsync(CancellationToken cancellationToken)
    {
        await file.WriteAsync(0, new byte[Qcow2Layout.ClusterSize], cancellationToken).ConfigureAwait(false);
        await file.FlushAsync(cancellationToken).ConfigureAwait(false);
        IEnumerable<DiskExtent> kept = extents.All.Select(extent => new DiskExtent(layout.FileOffset(extent.Offset), extent.Length));
        await file.ClearOutsideAsync(kept, layout.DataOffset, layout.FileLength, cancellationToken).ConfigureAwait(false);
    }
}
