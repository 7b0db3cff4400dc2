using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vmdk;

/// <summary>A disk whose descriptor begins the file and whose data follow in the same file as they are. Any other descriptor names a file that is not this one.</summary>
/// <param name="start">Where the data begin in the file, in bytes.</param>
internal sealed class FlatExtent(long start) : ISegmentMap
{
    private const string Flat = "FLAT";

    /// <summary>Reads and checks the descriptor.</summary>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says; <c>ForeignReference</c> when the data are in another file, as is usual.</exception>
    public static async Task<ILogicalDisk> OpenAsync(SourceFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        byte[] text = new byte[(int)Math.Min(VmdkDescriptor.MaximumLength, file.Length)];
        await file.ReadAsync(0, text, cancellationToken).ConfigureAwait(false);
        var descriptor = VmdkDescriptor.Parse(file, 0, text, extent => extent.Type == Flat && extent.FileName == Path.GetFileName(file.Path));
        VmdkExtent extent = descriptor.Extent;
        if (extent.Type != Flat || extent.FileName is null)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"An extent of type {extent.Type} has no data.", descriptor.ExtentPlace);
        if (extent.Length > policy.MaximumVirtualLength)
            throw new DiskException("ImageTooLarge", file.Path, $"The disk has {extent.Length} bytes; the limit is {policy.MaximumVirtualLength}.");
        if (extent.Offset < descriptor.TextLength || extent.Offset > file.Length - extent.Length)
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
