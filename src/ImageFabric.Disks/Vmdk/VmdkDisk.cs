using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vmdk;

/// <summary>A VMDK file that stands alone: a hosted sparse extent with its descriptor inside. Reading follows "Virtual Disk Format 5.0".</summary>
internal sealed class VmdkDisk : ISegmentMap
{
    private readonly GrainMap grains;
    private readonly CompressedBlocks blocks;

    private VmdkDisk(SourceFile file, VmdkHeader header, GrainMap grains)
    {
        this.grains = grains;
        blocks = new CompressedBlocks(header.GrainSize, grains.NextAsync, new CompressedGrains(file, header, grains.Regions).DecompressAsync);
    }

    /// <summary>Reads and checks the descriptor, the header and all tables.</summary>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says.</exception>
    public static async Task<ILogicalDisk> OpenAsync(SourceFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        byte[] sector = new byte[(int)Math.Min(VmdkHeader.SectorSize, file.Length)];
        await file.ReadAsync(0, sector, cancellationToken).ConfigureAwait(false);
        if (!sector.AsSpan().StartsWith(VmdkHeader.Magic))
            return await FlatExtent.OpenAsync(file, policy, cancellationToken).ConfigureAwait(false);

        DiskExtent place = VmdkHeader.DescriptorPlace(file, sector);
        byte[] text = await VmdkHeader.ReadDescriptorAsync(file, sector, place, cancellationToken).ConfigureAwait(false);
        if (text.Length == 0 || VmdkText.LengthOf(text) == 0)
            throw VmdkHeader.PartOfDisk(file, place.Offset);

        // The sparse extent that holds its descriptor is this file, whatever that calls it: names are those of where the file was made.
        bool hasCapacity = VmdkHeader.HasCapacity(sector);
        var descriptor = VmdkDescriptor.Parse(file, place.Offset, text, extent => extent.Type == VmdkExtent.Sparse || (!hasCapacity && FlatExtent.IsIn(file, extent)));
        if (!hasCapacity && descriptor.Extent is { Type: VmdkExtent.Flat })
            return FlatExtent.Open(file, descriptor, place.Offset, policy);
        if (descriptor.Extent is not (null or { Type: VmdkExtent.Sparse, FileName: not null, Offset: 0 }))
            throw new DiskException("ImageCorrupt", file.Path, "The descriptor does not describe a sparse extent.", descriptor.ExtentPlace);
        VmdkHeader header = await VmdkHeader.ReadAsync(file, sector, cancellationToken).ConfigureAwait(false);
        if (header.Capacity > policy.MaximumVirtualLength)
            throw new DiskException("ImageTooLarge", file.Path, $"The disk has {header.Capacity} bytes; the limit is {policy.MaximumVirtualLength}.");
        if (descriptor.Extent is { } own && (own.Length > header.Capacity || header.Capacity - own.Length >= header.GrainSize))
            throw new DiskException("ImageCorrupt", file.Path, "The descriptor and the header give the disk other sizes.", descriptor.ExtentPlace);
        place = place with { Length = Math.Max(place.Length, descriptor.TextLength) };
        GrainMap grains = await GrainMap.OpenAsync(file, header, place, cancellationToken).ConfigureAwait(false);
        var map = new VmdkDisk(file, header, grains);
        await MappedDisk.CheckAsync(map, header.Capacity, cancellationToken).ConfigureAwait(false);
        return new MappedDisk(
            new DiskTraits("vmdk", header.IsCompressed ? "streamOptimized" : "monolithicSparse", header.Capacity, NoticesOf(descriptor, header)), file, map);
    }

    public ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken) => grains.NextAsync(offset, end, cancellationToken);

    public ValueTask ReadMadeAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken) =>
        blocks.ReadAsync(segment, destination, cancellationToken);

    public void Dispose()
    {
    }

    private static List<DiskNotice> NoticesOf(VmdkDescriptor descriptor, VmdkHeader header)
    {
        List<DiskNotice> notices = [];
        if (descriptor.HasChangeTracking)
            notices.Add(new("ChangeTrackingIgnored", "Another file keeps track of changed blocks, which is ignored."));
        if (descriptor.Extent is { } extent && extent.Length != header.Capacity)
            notices.Add(new("DescriptorSizeIgnored", $"The descriptor gives a size of {extent.Length} bytes and the header one of {header.Capacity}; the header's is used, as qemu does."));
        return notices;
    }
}
