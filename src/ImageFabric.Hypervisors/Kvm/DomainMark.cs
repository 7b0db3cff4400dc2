using System.Globalization;
using System.Xml.Linq;
using ImageFabric.Hypervisors.Machines;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>
/// The element in a domain's metadata that says the machine is ours, and what is remembered of it. libvirt keeps elements of foreign
/// namespaces as they are.
/// </summary>
/// <param name="Record">What is remembered.</param>
/// <param name="Directory">The machine's directory.</param>
/// <param name="MadeFor">The UUID of the domain that it was written for; a copy of that domain has another. Null: a mark of before it was written.</param>
internal sealed record DomainMark(MachineRecord Record, string Directory, Guid? MadeFor = null)
{
    /// <summary>Namespace of the element.</summary>
    public static readonly XNamespace Namespace = "urn:imagefabric:machine:1";

    private static readonly XName ElementName = Namespace + "machine";

    /// <summary>The element.</summary>
    public XElement ToXml() => new(
        ElementName,
        new XAttribute(XNamespace.Xmlns + "imagefabric", Namespace),
        new XAttribute("id", Record.Id.ToString("D")),
        new XAttribute("image", Record.Image),
        new XAttribute("imageId", Record.ImageId),
        new XAttribute("baseImage", Record.BaseImage),
        new XAttribute("linkedClone", Record.LinkedClone),
        new XAttribute("diskSize", Record.DiskSizeBytes),
        new XAttribute("created", Record.Created),
        new XAttribute("directory", Directory));

    /// <summary>Reads the element of a domain; null when the domain has none and is not ours.</summary>
    public static DomainMark? Of(XDocument definition)
    {
        XElement? domain = definition.Root;
        if (domain?.Element("metadata")?.Element(ElementName) is not { } mark)
            return null;
        string Text(string name) => (string?)mark.Attribute(name) ?? "";
        var record = new MachineRecord(
            (string?)domain.Element("name") ?? "",
            (Guid?)domain.Element("uuid") ?? Guid.Empty,
            Text("image"),
            Text("imageId"),
            Text("baseImage"),
            Text("linkedClone") == "true",
            long.TryParse(Text("diskSize"), NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size : 0,
            Text("created"));
        return new DomainMark(record, Text("directory"), Guid.TryParse(Text("id"), out Guid id) ? id : null);
    }
}
