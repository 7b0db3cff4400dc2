using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vmdk;

/// <summary>A disk whose descriptor begins the file and whose data follow in the same file as they are. Any other descriptor names a file that is not this one.</summary>
/// <param name="start">Where the data begin in the file, in bytes.</param>
internal sealed class FlatExtent(long start) : ISegmentMap
{
    /// <summary>Reads and checks a descriptor that begins the file.</summary>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says; <c>ForeignReference</c> when the data are in another file, as is usual.</exception>
    public static async Task<ILogicalDisk> OpenAsync(SourceFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        byte[] text = new byte[(int)Math.Min(VmdkDescriptor.MaximumLength, file.Length)];
        await file.ReadAsync(0, text, cancellationToken).ConfigureAwait(false);
        var descriptor = VmdkDescriptor.Parse(file, 0, text, extent => IsIn(file, extent));
        return Open(file, descriptor, 0, policy);
    }

    /// <summary>True when an extent is in the file that holds its descriptor.</summary>
    public static bool IsIn(SourceFile file, VmdkExtent extent)
    {
        string? name = extent.FileName is { } given && given.StartsWith("./", StringComparison.Ordinal) ? given[2..] : extent.FileName;
        return extent.Type == VmdkExtent.Flat && name == Path.GetFileName(file.Path);
    }

    /// <summary>Opens the disk that a descriptor describes.</summary>
    /// <param name="file">The file that holds both.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="place">Where that is in the file, in bytes.</param>
    /// <param name="policy">What may be read.</param>
    /// <exception cref="DiskException"><c>FormatFeatureNotSupported</c>, <c>ImageCorrupt</c> or <c>ImageTooLarge</c>.</exception>
    public static ILogicalDisk Open(SourceFile file, VmdkDescriptor descriptor, long place, DiskPolicy policy)
    {
        if (descriptor.Extent is not { } extent)
            throw new DiskException("ImageCorrupt", file.Path, "The descriptor names no extent.", place);
        if (extent.Type != VmdkExtent.Flat || extent.FileName is null)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"An extent of type {extent.Type} has no data.", descriptor.ExtentPlace);
        if (extent.Length > policy.MaximumVirtualLength)
            throw new DiskException("ImageTooLarge", file.Path, $"The disk has {extent.Length} bytes; the limit is {policy.MaximumVirtualLength}.");
        if (extent.Offset < place + descriptor.TextLength || extent.Offset > file.Length - extent.Length)
            throw new DiskException("ImageCorrupt", file.Path, "The flat extent is not within the file, behind the descriptor.", descriptor.ExtentPlace);
        return new MappedDisk(new DiskTraits("vmdk", "monolithicFlat", extent.Length, []), file, new FlatExtent(extent.Offset));
    }

    public ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new Segment(SegmentKind.Data, offset, end - offset, start + offset));

    public ValueTask ReadMadeAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
