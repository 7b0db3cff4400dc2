using System.Formats.Tar;
using System.Text;

namespace ImageFabric.Disks.Tests;

/// <summary>Makes OVA files as hypervisors export them.</summary>
internal static class OvaFile
{
    public const string OneDisk = "<Disk ovf:capacity=\"1\" ovf:diskId=\"d1\" ovf:fileRef=\"f1\" ovf:format=\"http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized\"/>";

    public static string Reference(string href, string more = "", string id = "f1") => $"<File ovf:href=\"{href}\" ovf:id=\"{id}\" {more}/>";

    /// <summary>An OVF descriptor with these references and disks.</summary>
    public static byte[] Descriptor(string references, string disks) => Encoding.UTF8.GetBytes(
        "<?xml version=\"1.0\"?>\n<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\" xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\">" +
        $"<References>{references}</References><DiskSection><Info>Disks</Info>{disks}</DiskSection><VirtualSystem ovf:id=\"machine\"><Info/></VirtualSystem></Envelope>");

    public static void Make(string path, TarEntryFormat format, params (string Name, byte[] Content)[] members)
    {
        using FileStream file = File.Create(path);
        using var writer = new TarWriter(file, format);
        foreach ((string name, byte[] content) in members)
        {
            TarEntryType type = TarEntryType.RegularFile;
            TarEntry entry = format switch
            {
                TarEntryFormat.Pax => new PaxTarEntry(type, name),
                TarEntryFormat.Gnu => new GnuTarEntry(type, name),
                _ => new UstarTarEntry(type, name),
            };
            entry.DataStream = new MemoryStream(content);
            writer.WriteEntry(entry);
        }
    }
}
