using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vhdx;

/// <summary>A VHDX file, dynamic or fixed, that has no parent. Reading follows [MS-VHDX].</summary>
internal sealed class VhdxDisk : ISegmentMap
{
    private readonly ReplayedFile file;
    private readonly BlockTable blocks;

    private VhdxDisk(ReplayedFile file, BlockTable blocks)
    {
        this.file = file;
        this.blocks = blocks;
    }

    /// <summary>Reads and checks the headers, the log and all tables.</summary>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says.</exception>
    public static async Task<ILogicalDisk> OpenAsync(SourceFile source, DiskPolicy policy, CancellationToken cancellationToken)
    {
        VhdxHeader header = await VhdxHeader.ReadAsync(source, cancellationToken).ConfigureAwait(false);
        ReplayedFile file = await LogReplay.RunAsync(source, header, policy, cancellationToken).ConfigureAwait(false);
        VhdxRegions regions = await VhdxRegions.ReadAsync(file, cancellationToken).ConfigureAwait(false);
        VhdxMetadata metadata = await VhdxMetadata.ReadAsync(file, regions.Metadata, cancellationToken).ConfigureAwait(false);
        if (metadata.VirtualDiskSize > policy.MaximumVirtualLength)
            throw new DiskException("ImageTooLarge", source.Path, $"The disk has {metadata.VirtualDiskSize} bytes; the limit is {policy.MaximumVirtualLength}.");

        var occupancy = new FileOccupancy(file.Length);
        IEnumerable<DiskExtent> parts = [new(0, VhdxFormat.HeaderSectionLength), .. regions.All];
        if (header.LogLength > 0)
            parts = parts.Append(new DiskExtent(header.LogOffset, header.LogLength));
        foreach (DiskExtent part in parts)
        {
            if (!occupancy.TryTake(part.Offset, part.Length))
                throw new DiskException("ImageCorrupt", source.Path, "A region overlaps another, or the log.", part.Offset);
        }

        BlockTable blocks = await BlockTable.OpenAsync(file, metadata, regions.Bat, occupancy, cancellationToken).ConfigureAwait(false);
        return new MappedDisk(
            new DiskTraits("vhdx", metadata.IsFixed ? "fixed" : "dynamic", metadata.VirtualDiskSize, NoticesOf(file)) { SectorSize = metadata.LogicalSectorSize },
            source,
            new VhdxDisk(file, blocks));
    }

    public ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken) => blocks.NextAsync(offset, end, cancellationToken);

    public ValueTask ReadMadeAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken) =>
        file.ReadAsync(segment.FileOffset, destination, cancellationToken);

    private static IReadOnlyList<DiskNotice> NoticesOf(ReplayedFile file) =>
        file.WasReplayed ? [new("LogReplayed", "The file was not closed properly: its log was replayed for reading, and the file was left as it is.")] : [];
}
