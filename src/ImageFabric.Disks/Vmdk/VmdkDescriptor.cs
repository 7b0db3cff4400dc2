using System.Globalization;
using System.Text;
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
    private bool hasContentId;
    private bool hasParentContentId;
    private DiskException? foreign;
    private DiskException? fault;

    private VmdkDescriptor(SourceFile file, long place, Predicate<VmdkExtent> isOwn)
    {
        this.file = file;
        this.place = place;
        this.isOwn = isOwn;
    }

    /// <summary>The mark of a descriptor that is a file of its own.</summary>
    public static ReadOnlySpan<byte> Mark => "# Disk DescriptorFile"u8;

    /// <summary>The only extent.</summary>
    public VmdkExtent Extent { get; private set; } = null!;

    /// <summary>Where in the file its line is.</summary>
    public long ExtentPlace { get; private set; }

    /// <summary>Bytes of the text, padding left aside.</summary>
    public int TextLength { get; private set; }

    /// <summary>True when another file keeps track of changed blocks, which has no part in the disk's content.</summary>
    public bool HasChangeTracking { get; private set; }

    /// <summary>Parses a descriptor, and refuses one that has a parent, or an extent in another file.</summary>
    /// <param name="file">The file that holds it.</param>
    /// <param name="place">Where in the file.</param>
    /// <param name="bytes">The text, and padding behind a NUL.</param>
    /// <param name="isOwn">Tells whether an extent that names a file is in this one.</param>
    /// <exception cref="DiskException"><c>ForeignReference</c> before any other fault; <c>FormatFeatureNotSupported</c>, <c>ImageCorrupt</c>.</exception>
    public static VmdkDescriptor Parse(SourceFile file, long place, ReadOnlySpan<byte> bytes, Predicate<VmdkExtent> isOwn)
    {
        var descriptor = new VmdkDescriptor(file, place, isOwn);
        int end = bytes.IndexOf((byte)0);
        descriptor.TextLength = end < 0 ? bytes.Length : end;
        descriptor.ReadLines(bytes[..descriptor.TextLength]);
        if (descriptor.foreign is { } foreign)
            throw foreign;
        if (end < 0 && bytes.Length == MaximumLength)
            throw descriptor.Corrupt("The descriptor is larger than 1 MiB", place);
        if (descriptor.fault is { } fault)
            throw fault;
        if (descriptor.extentCount == 0)
            throw descriptor.Corrupt("The descriptor names no extent", place);
        if (!descriptor.hasContentId || !descriptor.hasParentContentId)
            throw descriptor.Corrupt("The descriptor has no CID or no parentCID", place);
        return descriptor;
    }

    private void ReadLines(ReadOnlySpan<byte> text)
    {
        for (int start = 0; start < text.Length;)
        {
            int length = text[start..].IndexOf((byte)'\n');
            length = length < 0 ? text.Length - start : length;
            ReadLine(Encoding.UTF8.GetString(text.Slice(start, length)).Trim(), place + start);
            start += length + 1;
        }
    }

    private void ReadLine(string line, long offset)
    {
        if (line.Length == 0 || line[0] == '#')
            return;
        if (VmdkExtent.IsExtent(line))
            ReadExtent(line, offset);
        else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            ReadEntry(line[..equals].TrimEnd(), line[(equals + 1)..].Trim().Trim('"'), offset);
        else
            fault ??= Corrupt("A line of the descriptor is neither an entry nor an extent", offset);
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
        if (Is("parentFileNameHint") || (Is("parentCID") && !value.Equals(NoParent, StringComparison.OrdinalIgnoreCase)))
            foreign ??= new DiskException("ForeignReference", file.Path, "The VMDK disk has a parent.", offset);
        if (key.StartsWith("encrypt", StringComparison.OrdinalIgnoreCase))
            fault ??= new DiskException("FormatFeatureNotSupported", file.Path, "The VMDK disk is encrypted.", offset);
        if (Is("CID") && !uint.TryParse(value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))
            fault ??= Corrupt("The descriptor's CID is no number", offset);
        hasContentId |= Is("CID");
        hasParentContentId |= Is("parentCID");
        HasChangeTracking |= Is("changeTrackPath");

        bool Is(string name) => key.Equals(name, StringComparison.OrdinalIgnoreCase);
    }

    private DiskException Corrupt(string what, long offset) => new("ImageCorrupt", file.Path, what + ".", offset);
}
