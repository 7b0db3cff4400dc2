using System.Xml;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Ova;

/// <summary>
/// What an OVF descriptor says of disks: the files it refers to and the disks that are in them. DMTF DSP0243, sections "References element" and
/// "DiskSection". Read as a stream; document types and entities are refused.
/// </summary>
internal sealed class OvfDescriptor
{
    /// <summary>The most that is read of a descriptor, in bytes.</summary>
    public const int MaximumLength = 1 << 20;

    private const int DeepestElement = 256;

    private readonly Dictionary<string, OvfFile> files = [];
    private readonly List<OvfDisk> disks = [];

    private OvfDescriptor()
    {
    }

    /// <summary>The disks with content.</summary>
    public IReadOnlyList<OvfDisk> Disks => disks;

    /// <summary>How many disks there are that begin empty and have no file.</summary>
    public int BlankDisks { get; private set; }

    /// <exception cref="DiskException"><c>ImageCorrupt</c>.</exception>
    public static OvfDescriptor Parse(SourceFile file, byte[] content)
    {
        var descriptor = new OvfDescriptor();
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaximumLength };
        try
        {
            using var reader = XmlReader.Create(new StringReader(OvfText.Decode(file, content)), settings);
            var parents = new Stack<string>();
            while (reader.Read())
            {
                if (reader.NodeType == XmlNodeType.EndElement)
                    parents.Pop();
                if (reader.NodeType != XmlNodeType.Element)
                    continue;
                if (parents.Count == DeepestElement)
                    throw new DiskException("ImageCorrupt", file.Path, $"The OVF descriptor has more than {DeepestElement} elements in one another.");
                descriptor.ReadElement(file, reader, parents.TryPeek(out string? parent) ? parent : "");
                if (!reader.IsEmptyElement)
                    parents.Push(reader.LocalName);
            }
        }
        catch (XmlException error)
        {
            throw OvfText.Malformed(file, error);
        }

        return descriptor;
    }

    /// <summary>The file that a disk is in; null when the descriptor has no such file.</summary>
    public OvfFile? FileOf(OvfDisk disk) => files.GetValueOrDefault(disk.FileReference);

    // Each vendor had a namespace before there was a standard, and OVF 0.9 has sections of one name; where an element stands tells what it is.
    private void ReadElement(SourceFile file, XmlReader reader, string parent)
    {
        if (reader.LocalName == "File" && parent == "References")
        {
            var found = new OvfFile(Attribute("href") ?? string.Empty, Attribute("compression") is { Length: > 0 } and not "identity", Attribute("chunkSize") is not null);
            if (!files.TryAdd(Attribute("id") ?? string.Empty, found))
                throw new DiskException("ImageCorrupt", file.Path, "The OVF descriptor has two files of one id.");
        }
        else if (reader.LocalName == "Disk" && parent is "DiskSection" or "Section" && Attribute("fileRef") is { } reference)
        {
            disks.Add(new OvfDisk(Attribute("diskId") ?? string.Empty, reference, Attribute("parentRef") is not null));
        }
        else if (reader.LocalName == "Disk" && parent is "DiskSection" or "Section")
        {
            BlankDisks++;
        }

        string? Attribute(string name) => reader.GetAttribute(name, reader.NamespaceURI) ?? reader.GetAttribute(name) ?? AttributeOfAny(reader, name);
    }

    private static string? AttributeOfAny(XmlReader reader, string name)
    {
        string? value = null;
        for (bool more = reader.MoveToFirstAttribute(); more; more = reader.MoveToNextAttribute())
            value ??= reader.LocalName == name ? reader.Value : null;
        reader.MoveToElement();
        return value;
    }
}

/// <summary>A file that an OVF descriptor refers to.</summary>
/// <param name="Href">Its name beside the descriptor, or an address.</param>
/// <param name="IsCompressed">True when it is compressed as a whole.</param>
/// <param name="IsSplit">True when it is in several pieces.</param>
internal sealed record OvfFile(string Href, bool IsCompressed, bool IsSplit);

/// <summary>A disk that an OVF descriptor describes.</summary>
/// <param name="Id">Its id.</param>
/// <param name="FileReference">The id of its file.</param>
/// <param name="HasParent">True when the file holds only the differences from another disk.</param>
internal sealed record OvfDisk(string Id, string FileReference, bool HasParent);
