using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Raw;

/// <summary>A raw image under construction: a sparse file in which every byte has its disk offset.</summary>
internal sealed class RawTarget : IDiskTarget
{
    private readonly TargetFile file;
    private readonly ExtentSet extents;

    private RawTarget(TargetFile file, ExtentSet extents)
    {
        this.file = file;
        this.extents = extents;
    }

    public SafeFileHandle Handle => file.Handle;

    public static async Task<RawTarget> OpenAsync(string path, long virtualLength, ExtentSet extents, CancellationToken cancellationToken)
    {
        TargetFile file = TargetFile.Open(path, virtualLength);
        try
        {
            if (file.Reopened)
                await file.ClearOutsideAsync(extents.All, 0, virtualLength, cancellationToken).ConfigureAwait(false);
            return new RawTarget(file, extents);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public (long FileOffset, long Contiguous) Locate(long offset) => (offset, extents.BytesFrom(offset));

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (data.IsEmpty)
            return ValueTask.CompletedTask;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(data.Length, extents.BytesFrom(offset), nameof(data));
        return file.WriteAsync(offset, data, cancellationToken);
    }

    public Task CompleteAsync(CancellationToken cancellationToken) => file.FlushAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        file.Dispose();
        return ValueTask.CompletedTask;
    }
}
