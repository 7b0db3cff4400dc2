using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ImageFabric.Disks.Tests;

/// <summary>OVF packages as programs other than VMware's make them: how their parts refer to each other, and what vouches for them.</summary>
public sealed class OvaPackageTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [Theory]
    [InlineData("machine.ovf", "my disk.vmdk", "my%20disk.vmdk")]
    [InlineData("machine.ovf", "my%20disk.vmdk", "my%20disk.vmdk")]
    [InlineData("machine.ovf", "Büro.vmdk", "B%C3%BCro.vmdk")]
    [InlineData("machine.ovf", "disk.vmdk", "./disk.vmdk")]
    [InlineData("machine.ovf", "disks/a.vmdk", "disks/x/../a.vmdk")]
    [InlineData("vm/machine.ovf", "vm/disk.vmdk", "disk.vmdk")]
    [InlineData("vm/machine.ovf", "disk.vmdk", "../disk.vmdk")]
    public async Task A_reference_is_resolved_against_the_descriptor(string descriptor, string member, string href)
    {
        (string raw, byte[] disk) = MakeDisk();
        string ova = Pack(TarEntryFormat.Pax, (descriptor, OvaFile.Descriptor(OvaFile.Reference(href), OvaFile.OneDisk)), (member, disk));
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(ova, "ova", raw));
    }

    [Theory]
    [InlineData("../disk.vmdk")]
    [InlineData("%2e%2e/disk.vmdk")]
    [InlineData("a/../../disk.vmdk")]
    [InlineData("/disk.vmdk")]
    [InlineData("%2Fdisk.vmdk")]
    [InlineData("file:///disk.vmdk")]
    [InlineData("http://example.org/disk.vmdk")]
    [InlineData("")]
    public async Task A_reference_that_leads_out_of_the_archive_is_refused(string href)
    {
        string ova = Pack(("machine.ovf", OvaFile.Descriptor(OvaFile.Reference(href), OvaFile.OneDisk)), ("other.txt", [1]));
        Assert.Equal("ForeignReference", (await RefusedAsync(ova)).Id);
    }

    [Fact]
    public async Task What_macOS_packs_beside_each_file_is_left_out()
    {
        (string raw, byte[] disk) = MakeDisk();
        byte[] attributes = [0, 5, 0x16, 7, .. new byte[100]];
        string ova = Pack(("._machine.ovf", attributes), ("machine.ovf", OvaFile.Descriptor(OvaFile.Reference("disk.vmdk"), OvaFile.OneDisk)), ("._disk.vmdk", attributes), ("disk.vmdk", disk));
        await DiskReading.AssertReadsLikeAsync(ova, "ova", raw);
    }

    [Theory]
    [InlineData("http://www.vmware.com/schema/ovf/1/envelope", "Section")]
    [InlineData("http://schemas.citrix.com/ovf/envelope/1", "DiskSection")]
    [InlineData("http://schemas.dmtf.org/ovf/envelope/2", "DiskSection")]
    public async Task Namespaces_of_all_versions_and_vendors_are_read(string name, string section)
    {
        (string raw, byte[] disk) = MakeDisk();
        string text = $"""
            <Envelope xmlns="{name}" xmlns:o="{name}"><References><File o:id="f" o:href="disk.vmdk"/></References>
            <{section}><Disk o:diskId="d" o:fileRef="f" o:capacity="1"/></{section}><Product><Disk o:diskId="x" o:fileRef="none"/></Product></Envelope>
            """;
        await DiskReading.AssertReadsLikeAsync(Pack(("machine.ovf", Encoding.UTF8.GetBytes(text)), ("disk.vmdk", disk)), "ova", raw);
    }

    [Theory]
    [InlineData("utf-8", true, "utf-8")]
    [InlineData("utf-16", true, "UTF-16")]
    [InlineData("utf-16BE", true, "UTF-16")]
    [InlineData("utf-16", false, "UTF-16")]
    [InlineData("iso-8859-1", false, "ISO-8859-1")]
    [InlineData("windows-1252", false, "windows-1252")]
    public async Task A_descriptor_is_read_in_its_encoding(string name, bool marked, string said)
    {
        (string raw, byte[] disk) = MakeDisk();
        Encoding encoding = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        string text = Encoding.UTF8.GetString(OvaFile.Descriptor(OvaFile.Reference("disk.vmdk"), OvaFile.OneDisk))
            .Replace("<?xml version=\"1.0\"?>", $"<?xml version='1.0' encoding='{said}'?><!-- Büro -->", StringComparison.Ordinal);
        byte[] bytes = [.. marked ? encoding.GetPreamble() : [], .. encoding.GetBytes(text)];
        await DiskReading.AssertReadsLikeAsync(Pack(("machine.ovf", bytes), ("disk.vmdk", disk)), "ova", raw);
    }

    [Theory]
    [InlineData("<?xml version=\"1.0\" encoding=\"x-none\"?><a/>", "x-none")]
    [InlineData("<?xml version=\"1.0\" encoding=\"utf-8\"?><a>\u00fc</a>", "is not")]
    [InlineData("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a/>", "document type")]
    [InlineData("<Envelope><References>", "line 1")]
    public async Task What_is_wrong_with_a_descriptor_is_said_in_our_own_words(string text, string said)
    {
        DiskException error = await RefusedAsync(Pack(("machine.ovf", Encoding.Latin1.GetBytes(text))));
        Assert.Equal("ImageCorrupt", error.Id);
        Assert.Contains(said, error.Message);
        Assert.DoesNotContain("XmlReader", error.Message);
        Assert.DoesNotContain("Dtd", error.Message);
        Assert.DoesNotContain("support", error.Message);
    }

    [Fact]
    public async Task A_descriptor_of_many_levels_is_refused()
    {
        string text = string.Concat(Enumerable.Repeat("<a>", 5000));
        Assert.Equal("ImageCorrupt", (await RefusedAsync(Pack(("machine.ovf", Encoding.ASCII.GetBytes(text))))).Id);
    }

    [Theory]
    [InlineData("SHA1(", ")= ")]
    [InlineData("SHA256 (", ") = ")]
    [InlineData("sha512(", ")=")]
    public async Task A_digest_that_is_right_is_no_matter(string before, string after)
    {
        (string raw, byte[] disk) = MakeDisk();
        byte[] descriptor = OvaFile.Descriptor(OvaFile.Reference("disk.vmdk"), OvaFile.OneDisk);
        string manifest = $"{before}machine.ovf{after}{Digest(before, descriptor)}\r\n{before}disk.vmdk{after}{Digest(before, disk)}\r\n";
        string ova = Pack(("machine.ovf", descriptor), ("machine.mf", Encoding.ASCII.GetBytes(manifest)), ("disk.vmdk", disk));
        using ILogicalDisk opened = await DiskReading.OpenAsync(ova);
        await opened.CopyToRawAsync(images.File("copy"), 1 << 20);
        await opened.VerifyAsync(CancellationToken.None);
        await opened.VerifyAsync(CancellationToken.None);
        Assert.Equal(ImageDirectory.Digest(raw), ImageDirectory.Digest(images.File("copy")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_disk_that_is_not_the_one_of_the_manifest_is_refused_whatever_was_read(bool reads)
    {
        (_, byte[] disk) = MakeDisk();
        string ova = Pack(
            ("machine.ovf", OvaFile.Descriptor(OvaFile.Reference("disk.vmdk"), OvaFile.OneDisk)),
            ("machine.mf", Encoding.ASCII.GetBytes($"SHA256(disk.vmdk)= {new string('a', 64)}\n")), ("disk.vmdk", disk));
        using ILogicalDisk opened = await DiskReading.OpenAsync(ova);
        if (reads)
            await opened.CopyToRawAsync(images.File("copy"), 1 << 20);
        DiskException error = await Assert.ThrowsAsync<DiskException>(async () => await opened.VerifyAsync(CancellationToken.None));
        Assert.Equal("ImageCorrupt", error.Id);
        Assert.Contains("disk.vmdk", error.Message);

        using ILogicalDisk ignored = await DiskImage.OpenAsync(ova, new DiskPolicy { IgnoresDigests = true }, CancellationToken.None);
        await ignored.VerifyAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_descriptor_that_is_not_the_one_of_the_manifest_is_refused_at_once()
    {
        (_, byte[] disk) = MakeDisk();
        string ova = Pack(
            ("machine.ovf", OvaFile.Descriptor(OvaFile.Reference("disk.vmdk"), OvaFile.OneDisk)),
            ("machine.mf", Encoding.ASCII.GetBytes($"SHA1(machine.ovf)= {new string('0', 40)}\n")), ("disk.vmdk", disk));
        Assert.Contains("manifest", (await RefusedAsync(ova)).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_signature_of_a_package_is_checked(bool changed)
    {
        (_, byte[] disk) = MakeDisk();
        byte[] descriptor = OvaFile.Descriptor(OvaFile.Reference("disk.vmdk"), OvaFile.OneDisk);
        byte[] manifest = Encoding.ASCII.GetBytes($"SHA256(machine.ovf)= {Digest("SHA256", descriptor)}\n");
        using var key = RSA.Create(2048);
        using X509Certificate2 certificate = new CertificateRequest("CN=appliance", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        byte[] signature = key.SignData(changed ? [.. manifest, (byte)'\n'] : manifest, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        string signed = $"SHA256(machine.mf)= {Convert.ToHexStringLower(signature)}\n{certificate.ExportCertificatePem()}\n";
        string ova = Pack(("machine.ovf", descriptor), ("machine.mf", manifest), ("machine.cert", Encoding.ASCII.GetBytes(signed)), ("disk.vmdk", disk));
        if (changed)
            Assert.Contains("machine.cert", (await RefusedAsync(ova)).Message);
        else
            (await DiskReading.OpenAsync(ova)).Dispose();
    }

    [QemuTheory]
    [InlineData("qcow2")]
    [InlineData("vhdx")]
    [InlineData("vpc")]
    public async Task Disks_of_other_formats_than_VMDK_are_read(string format)
    {
        string raw = images.MakeRaw("source.raw", 8 << 20);
        QemuImg.Run(["convert", "-O", format, .. format == "vpc" ? new[] { "-o", "force_size=on" } : [], raw, images.File("disk")]);
        string ova = Pack(("machine.ovf", OvaFile.Descriptor(OvaFile.Reference("disk"), OvaFile.OneDisk)), ("disk", File.ReadAllBytes(images.File("disk"))));
        await DiskReading.AssertReadsLikeAsync(ova, "ova", raw);
    }

    [Fact]
    public async Task A_disk_that_is_compressed_as_a_whole_is_read_and_nothing_stays_behind()
    {
        (string raw, byte[] disk) = MakeDisk();
        string ova = Pack(("machine.ovf", OvaFile.Descriptor(OvaFile.Reference("disk.vmdk.gz", "ovf:compression=\"gzip\""), OvaFile.OneDisk)), ("disk.vmdk.gz", Gzip(disk)));
        await DiskReading.AssertReadsLikeAsync(ova, "ova", raw);
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), "imagefabric-????????????????????????????????"));
    }

    [Fact]
    public async Task What_is_no_disk_in_an_archive_is_refused()
    {
        string ova = Pack(("machine.ovf", OvaFile.Descriptor(OvaFile.Reference("disk.vmdk"), OvaFile.OneDisk)), ("disk.vmdk", Gzip(Gzip(new byte[1000]))));
        Assert.Equal("FormatFeatureNotSupported", (await RefusedAsync(ova)).Id);
    }

    private string Pack(params (string Name, byte[] Content)[] members) => Pack(TarEntryFormat.Ustar, members);

    private string Pack(TarEntryFormat format, params (string Name, byte[] Content)[] members)
    {
        OvaFile.Make(images.File("machine.ova"), format, members);
        return images.File("machine.ova");
    }

    private static Task<DiskException> RefusedAsync(string ova) => Assert.ThrowsAsync<DiskException>(async () => (await DiskReading.OpenAsync(ova)).Dispose());

    private static string Digest(string algorithm, byte[] content) => Convert.ToHexStringLower(
        algorithm.StartsWith("SHA1", StringComparison.Ordinal) ? SHA1.HashData(content) : algorithm.StartsWith("sha512", StringComparison.Ordinal) ? SHA512.HashData(content) : SHA256.HashData(content));

    private static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(content);
        return packed.ToArray();
    }

    private (string Raw, byte[] Disk) MakeDisk()
    {
        string raw = images.MakeRaw("source.raw", 3 << 20);
        StreamOptimizedVmdk.Make(raw, images.File("disk.vmdk"));
        return (raw, File.ReadAllBytes(images.File("disk.vmdk")));
    }
}
