using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Raw;

/// <summary>A raw image or a block device: the bytes of the file are the bytes of the disk. What the file system has no data for is left out of the extents.</summary>
internal sealed class RawDisk(SourceFile file) : ILogicalDisk
{
    public string Format => "raw";

    public long Length => file.Length;

    public long FileLength => file.Length;

    public IReadOnlyList<DiskNotice> Notices => [];

    public IAsyncEnumerable<DiskExtent> ReadExtentsAsync(CancellationToken cancellationToken) => Extents(cancellationToken).ToAsyncEnumerable();

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - buffer.Length);
        return file.ReadAsync(offset, buffer, cancellationToken);
    }

    public void ThrowIfChanged() => file.ThrowIfChanged();

    public void Dispose() => file.Dispose();

    private IEnumerable<DiskExtent> Extents(CancellationToken cancellationToken)
    {
        SparseMap map = file.MapData();
        for (long offset = 0; NextData(map, offset) is { } data; offset = data.End)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return data;
        }
    }

    private DiskExtent? NextData(SparseMap map, long offset)
    {
        try
        {
            return map.FirstData(offset);
        }
        catch (IOException error)
        {
            throw FileErrors.Reading(file.Path, offset, error);
        }
    }
}
