using System.Text;

namespace ImageFabric.Disks.Tests;

/// <summary>VMDK files as programs and people write them: each is read as qemu-img reads it. The table of variants is in docs/formats.md.</summary>
public sealed class VmdkVariantTests : IDisposable
{
    private const string Flat = "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 256 FLAT \"other.vmdk\" 0\n";

    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [InlineData("SPARSE \"disk.vmdk\"", "SPARSE \"machines/web/disk.vmdk\"")]
    [InlineData("SPARSE \"disk.vmdk\"", "SPARSE \"../disk.vmdk\"")]
    [InlineData("SPARSE \"disk.vmdk\"", "SPARSE \"C:\\machines\\disk.vmdk\"")]
    [InlineData("SPARSE \"disk.vmdk\"", "SPARSE \"/etc/hostname\"")]
    [InlineData("RW 4096 SPARSE", "rw 4096 sparse")]
    [InlineData("RW 4096 SPARSE \"disk.vmdk\"", "")]
    [InlineData("# Disk DescriptorFile", "\ufeff# Disk DescriptorFile")]
    [InlineData("version=1", "version=1\n; a note\ntoolsInstalled")]
    [InlineData("version=1\nCID=", "version=1\nCID=0x")]
    [InlineData("version=1\nCID=", "version=1\nother=")]
    [InlineData("parentCID=ffffffff", "parentCID=0xFFFFFFFF\nparentFileNameHint=\"\"")]
    [InlineData("\n", "\r")]
    [InlineData("\n", "\r\n")]
    public async Task An_embedded_descriptor_is_read_as_qemu_reads_it(string old, string replacement)
    {
        string image = images.File("disk.vmdk");
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", images.MakeRaw("source.raw", 2 << 20), image);
        VmdkPatch.Replace(image, old, replacement);
        QemuImg.Run("convert", "-f", "vmdk", "-O", "raw", image, images.File("expected.raw"));
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(image, "vmdk", images.File("expected.raw")));
    }

    [QemuFact]
    public async Task A_descriptor_longer_than_its_header_says_is_read_whole()
    {
        string image = images.File("disk.vmdk");
        string raw = images.MakeRaw("source.raw", 2 << 20);
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", raw, image);
        VmdkPatch.Replace(image, "version=1", "version=1\n" + string.Concat(Enumerable.Range(0, 30).Select(i => $"ddb.note{i} = \"x\"\n")));
        VmdkPatch.Write(image, 36, 1);
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(image, "vmdk", raw));
        VmdkPatch.Replace(image, "ddb.adapterType", "parentFileNameHint=\"x\"\nddb.adapterType");
        await DiskReading.AssertRefusedAsync(image, "ForeignReference");
    }

    [Theory]
    [InlineData("# Disk DescriptorFile", "# Disk Descriptor File")]
    [InlineData("# Disk DescriptorFile", "# disk descriptorfile")]
    [InlineData("# Disk DescriptorFile", "# made by a tool\n# Disk DescriptorFile")]
    [InlineData("# Disk DescriptorFile", "\n# Disk DescriptorFile")]
    [InlineData("# Disk DescriptorFile\n", "")]
    [InlineData("\n", "\r")]
    public async Task A_descriptor_alone_is_recognised_however_it_begins(string old, string replacement)
    {
        string text = Flat.Replace(old, replacement, StringComparison.Ordinal);
        foreach (Encoding encoding in new Encoding[] { new UTF8Encoding(false), new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            string image = images.File("descriptor.vmdk");
            await File.WriteAllBytesAsync(image, [.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
            await DiskReading.AssertRefusedAsync(image, "ForeignReference");
        }
    }
}
