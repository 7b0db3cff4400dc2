using ImageFabric.Disks.Files;
using ImageFabric.Disks.Layouts;

namespace ImageFabric.Disks.Raw;

/// <summary>A raw image: a sparse file in which every byte has its disk offset.</summary>
/// <param name="virtualLength">Size of the disk in bytes.</param>
internal sealed class RawLayout(long virtualLength) : ITargetLayout
{
    public long FileLength => virtualLength;

    public IReadOnlyList<FilePiece> Marks => [];

    public (long FileOffset, long Contiguous) Locate(long offset) => (offset, virtualLength - offset);

    public Task WriteTablesAsync(TargetFile file, CancellationToken cancellationToken) => Task.CompletedTask;
}
