using ImageFabric.Disks.Files;
using ImageFabric.Disks.Layouts;

namespace ImageFabric.Disks.Vhd;

/// <summary>A fixed VHD: the disk as it stands, and the footer behind it. Azure takes only such whose size is a whole number of MiB, so it is rounded up.</summary>
internal sealed class FixedVhdLayout : ITargetLayout
{
    private const long Granularity = 1 << 20;

    private readonly long size;

    public FixedVhdLayout(long virtualLength)
    {
        size = (virtualLength + Granularity - 1) & -Granularity;
        Marks = [new FilePiece(size, VhdFooterWriter.Footer(size, VhdFooter.FixedType, -1))];
    }

    public long FileLength => size + VhdFooter.Length;

    public IReadOnlyList<FilePiece> Marks { get; }

    public (long FileOffset, long Contiguous) Locate(long offset) => (offset, size - offset);

    public Task WriteTablesAsync(TargetFile file, CancellationToken cancellationToken) => Task.CompletedTask;
}
