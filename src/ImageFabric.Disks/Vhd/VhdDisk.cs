using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vhd;

/// <summary>Opens VHD files, fixed or dynamic.</summary>
internal static class VhdDisk
{
    /// <summary>Reads and checks the footer, and of a dynamic disk the header and the table.</summary>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says.</exception>
    public static async Task<ILogicalDisk> OpenAsync(SourceFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        VhdFooter footer = await VhdFooter.ReadAsync(file, cancellationToken).ConfigureAwait(false);
        long length = (long)footer.DiskSize & -VhdFooter.SectorSize;
        if (length > policy.MaximumVirtualLength)
            throw new DiskException("ImageTooLarge", file.Path, $"The disk has {length} bytes; the limit is {policy.MaximumVirtualLength}.");
        if (footer.DiskType == VhdFooter.FixedType)
        {
            if (length > (footer.End?.Offset ?? file.Length))
                throw new DiskException("ImageCorrupt", file.Path, $"The disk has {length} bytes, more than the file holds.", footer.FileOffset + 48);
            return new MappedDisk(new DiskTraits("vhd", "fixed", length, NoticesOf(footer, file.Length)), file, new FixedBlocks());
        }

        VhdDynamicHeader header = await VhdDynamicHeader.ReadAsync(file, footer, cancellationToken).ConfigureAwait(false);
        VhdBlocks blocks = await VhdBlocks.OpenAsync(file, header, footer.End, length, cancellationToken).ConfigureAwait(false);
        return new MappedDisk(new DiskTraits("vhd", "dynamic", length, NoticesOf(footer, file.Length)), file, blocks);
    }

    private static List<DiskNotice> NoticesOf(VhdFooter footer, long fileLength)
    {
        List<DiskNotice> notices = [];
        if (footer.DiskSize % VhdFooter.SectorSize != 0)
            notices.Add(new("PartialSectorIgnored", $"The size of {footer.DiskSize} bytes is no multiple of {VhdFooter.SectorSize}; the bytes behind the last whole sector are ignored, as qemu does."));
        if (footer.DiskSize < footer.CurrentSize)
            notices.Add(new("GeometrySizeUsed", $"The disk is read in the size of its geometry, {footer.DiskSize} of {footer.CurrentSize} bytes, as the program that made it shows it."));
        if (footer.End is not { } end)
            notices.Add(new("FooterMissing", "The footer at the end of the VHD file is missing, as after a copy that broke off; its copy at the begin was used."));
        else if (end.Length < VhdFooter.Length)
            notices.Add(new("FooterShort", $"The footer of the VHD file has {end.Length} bytes, as programs before Virtual PC 2004 wrote it."));
        else if (end.End < fileLength)
            notices.Add(new("FooterFollowed", $"{fileLength - end.End} bytes of zeros follow the footer of the VHD file; they are left out."));
        if (footer.SavedState)
            notices.Add(new("SavedStateIgnored", "The machine with this disk was suspended: what it had in memory is not on the disk."));
        return notices;
    }

    /// <summary>A fixed disk: the disk's bytes stand before the footer as they are. Section "Fixed Hard Disk Image".</summary>
    private sealed class FixedBlocks : ISegmentMap
    {
        public ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken) =>
            ValueTask.FromResult(new Segment(SegmentKind.Data, offset, end - offset, offset));
    }
}
