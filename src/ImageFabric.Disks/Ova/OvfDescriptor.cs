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

    private const string EnvelopeNamespace = "http://schemas.dmtf.org/ovf/envelope/";

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
            using var reader = XmlReader.Create(new MemoryStream(content), settings);
            while (reader.Read())
            {
                if (reader.NodeType == XmlNodeType.Element && reader.NamespaceURI.StartsWith(EnvelopeNamespace, StringComparison.Ordinal))
                    descriptor.ReadElement(file, reader);
            }
        }
        catch (XmlException error)
        {
            throw new DiskException("ImageCorrupt", file.Path, $"The OVF descriptor is not valid XML: {error.Message}", innerException: error);
        }

        return descriptor;
    }

    /// <summary>The file that a disk is in; null when the descriptor has no such file.</summary>
    public OvfFile? FileOf(OvfDisk disk) => files.GetValueOrDefault(disk.FileReference);

    private void ReadElement(SourceFile file, XmlReader reader)
    {
        if (reader.LocalName == "File")
        {
            var found = new OvfFile(Attribute("href") ?? string.Empty, Attribute("compression") is { Length: > 0 } and not "identity", Attribute("chunkSize") is not null);
            if (!files.TryAdd(Attribute("id") ?? string.Empty, found))
                throw new DiskException("ImageCorrupt", file.Path, "The OVF descriptor has two files of one id.");
        }
        else if (reader.LocalName == "Disk" && Attribute("fileRef") is { } reference)
        {
            disks.Add(new OvfDisk(Attribute("diskId") ?? string.Empty, reference, Attribute("parentRef") is not null));
        }
        else if (reader.LocalName == "Disk")
        {
            BlankDisks++;
        }

        string? Attribute(string name) => reader.GetAttribute(name, reader.NamespaceURI) ?? reader.GetAttribute(name);
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
