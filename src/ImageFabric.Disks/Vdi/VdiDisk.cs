using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vdi;

/// <summary>A VirtualBox disk image, dynamic or fixed, that has no parent. Reading follows qemu's block/vdi.c.</summary>
internal sealed class VdiDisk : ISegmentMap
{
    private readonly BlockMap blocks;

    private VdiDisk(BlockMap blocks) => this.blocks = blocks;

    /// <summary>Reads and checks the header and the block map.</summary>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says.</exception>
    public static async Task<ILogicalDisk> OpenAsync(SourceFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        VdiHeader header = await VdiHeader.ReadAsync(file, cancellationToken).ConfigureAwait(false);
        if (header.DiskSize > policy.MaximumVirtualLength)
            throw new DiskException("ImageTooLarge", file.Path, $"The disk has {header.DiskSize} bytes; the limit is {policy.MaximumVirtualLength}.");
        BlockMap blocks = await BlockMap.OpenAsync(file, header, cancellationToken).ConfigureAwait(false);

        // qemu shows the guest whole sectors only.
        long length = (header.DiskSize + VdiHeader.SectorSize - 1) & -VdiHeader.SectorSize;
        return new MappedDisk(new DiskTraits("vdi", header.IsFixed ? "fixed" : "dynamic", length, NoticesOf(header)), file, new VdiDisk(blocks));
    }

    public ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken) => blocks.NextAsync(offset, end, cancellationToken);

    public ValueTask ReadMadeAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private static IReadOnlyList<DiskNotice> NoticesOf(VdiHeader header) => header.DiskSize % VdiHeader.SectorSize == 0
        ? []
        : [new("PartialSectorFilled", $"The size of {header.DiskSize} bytes is no multiple of {VdiHeader.SectorSize}; the last sector is filled with what follows in its block, as qemu does.")];
}
