using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Vmdk;

/// <summary>
/// The text that describes a VMDK disk: its kind, its parent, the extents it consists of. "Virtual Disk Format 5.0", section "The Descriptor File".
/// A disk whose descriptor leads to any other file is refused here.
/// </summary>
internal sealed class VmdkDescriptor
{
    /// <summary>The most that is read of a descriptor, in bytes.</summary>
    public const int MaximumLength = 1 << 20;

    private const string NoParent = "ffffffff";

    private readonly SourceFile file;
    private readonly long place;
    private readonly Predicate<VmdkExtent> isOwn;
    private int extentCount;
    private bool hasParentContentId;
    private DiskException? foreign;
    private DiskException? fault;

    private VmdkDescriptor(SourceFile file, long place, Predicate<VmdkExtent> isOwn)
    {
        this.file = file;
        this.place = place;
        this.isOwn = isOwn;
    }

    /// <summary>The only extent; null when none is named.</summary>
    public VmdkExtent? Extent { get; private set; }

    /// <summary>Where in the file its line is.</summary>
    public long ExtentPlace { get; private set; }

    /// <summary>Bytes of the text, padding left aside.</summary>
    public int TextLength { get; private set; }

    /// <summary>True when another file keeps track of changed blocks, which has no part in the disk's content.</summary>
    public bool HasChangeTracking { get; private set; }

    /// <summary>
    /// Parses a descriptor, and refuses one that has a parent, or an extent in another file. What has no part in where the content is, such as entries of
    /// tools, notes, or the content's id, is not looked at.
    /// </summary>
    /// <param name="file">The file that holds it.</param>
    /// <param name="place">Where in the file.</param>
    /// <param name="bytes">The text, and padding behind a NUL.</param>
    /// <param name="isOwn">Tells whether an extent that names a file is in this one.</param>
    /// <exception cref="DiskException"><c>ForeignReference</c> before any other fault; <c>FormatFeatureNotSupported</c>, <c>ImageCorrupt</c>.</exception>
    public static VmdkDescriptor Parse(SourceFile file, long place, ReadOnlyMemory<byte> bytes, Predicate<VmdkExtent> isOwn)
    {
        var descriptor = new VmdkDescriptor(file, place, isOwn) { TextLength = VmdkText.LengthOf(bytes.Span) };
        foreach ((string line, int offset) in VmdkText.Lines(bytes[..descriptor.TextLength]))
            descriptor.ReadLine(line, place + offset);
        if (descriptor.foreign is { } foreign)
            throw foreign;
        if (descriptor.TextLength == MaximumLength)
            throw descriptor.Corrupt("The descriptor is larger than 1 MiB", place);
        if (descriptor.fault is { } fault)
            throw fault;

        // A descriptor that was cut off must not lose its parent.
        return descriptor.hasParentContentId ? descriptor : throw descriptor.Corrupt("The descriptor has no parentCID", place);
    }

    private void ReadLine(string line, long offset)
    {
        if (line.Length == 0 || line[0] is '#' or ';')
            return;
        if (VmdkExtent.IsExtent(line))
            ReadExtent(line, offset);
        else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            ReadEntry(line[..equals].TrimEnd(), line[(equals + 1)..].Trim().Trim('"').Trim(), offset);
    }

    private void ReadExtent(string line, long offset)
    {
        if (++extentCount > 1)
        {
            foreign ??= new DiskException("ForeignReference", file.Path, "The VMDK disk consists of several extents, which are in other files.", offset);
            return;
        }

        ExtentPlace = offset;
        if (!VmdkExtent.TryParse(line, out VmdkExtent? extent))
        {
            fault ??= Corrupt("The descriptor's line of the extent is malformed", offset);
            return;
        }

        Extent = extent;
        if (extent.FileName is not null && !isOwn(extent))
            foreign ??= new DiskException("ForeignReference", file.Path, $"The VMDK disk keeps its data in another file (an extent of type {extent.Type}).", offset);
    }

    private void ReadEntry(string key, string value, long offset)
    {
        if (value.Length > 0 && (Is("parentFileNameHint") || (Is("parentCID") && !IsNoParent(value))))
            foreign ??= new DiskException("ForeignReference", file.Path, "The VMDK disk has a parent.", offset);
        if (key.StartsWith("encrypt", StringComparison.OrdinalIgnoreCase))
            fault ??= new DiskException("FormatFeatureNotSupported", file.Path, "The VMDK disk is encrypted.", offset);
        hasParentContentId |= Is("parentCID");
        HasChangeTracking |= Is("changeTrackPath") && value.Length > 0;

        bool Is(string name) => key.Equals(name, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsNoParent(string value) =>
        (value.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? value[2..] : value).Equals(NoParent, StringComparison.OrdinalIgnoreCase);

    private DiskException Corrupt(string what, long offset) => new("ImageCorrupt", file.Path, what + ".", offset);
}
