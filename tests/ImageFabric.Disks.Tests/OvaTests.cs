using System.Diagnostics;
using System.Formats.Tar;
using System.Text;

namespace ImageFabric.Disks.Tests;

public sealed class OvaTests : IDisposable
{
    private const string DiskName = "machine-disk1.vmdk";

    private readonly ImageDirectory images = new();

    public static TheoryData<TarEntryFormat, string> Names()
    {
        var names = new TheoryData<TarEntryFormat, string>();
        foreach (TarEntryFormat format in new[] { TarEntryFormat.Ustar, TarEntryFormat.Pax, TarEntryFormat.Gnu })
        {
            names.Add(format, DiskName);
            if (format != TarEntryFormat.Ustar)
                names.Add(format, new string('n', 180) + "é.vmdk");
        }

        names.Add(TarEntryFormat.Ustar, new string('d', 80) + "/" + new string('n', 80) + ".vmdk");
        return names;
    }

    public void Dispose() => images.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_only_disk_is_read_where_it_lies(TarEntryFormat format, string name)
    {
        (string raw, byte[] vmdk) = MakeDisk();
        string ova = images.File("machine.ova");
        OvaFile.Make(ova, format, ("machine.ovf", OvaFile.Descriptor(OvaFile.Reference(name), OvaFile.OneDisk)), (name, vmdk), ("machine.nvram", new byte[100]));
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(ova, "ova", raw));
    }

    [QemuFact]
    public async Task An_archive_of_a_tar_program_with_a_sparse_disk_is_read()
    {
        string raw = images.MakeRaw("source.raw", 20 << 20);
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", raw, images.File(DiskName));
        await File.WriteAllBytesAsync(images.File("machine.ovf"), OvaFile.Descriptor(OvaFile.Reference(DiskName), OvaFile.OneDisk));
        string directory = Path.GetDirectoryName(images.File("x"))!;
        using (Process tar = Process.Start("tar", ["-C", directory, "-cf", images.File("machine.ova"), "./machine.ovf", "./" + DiskName]))
        {
            await tar.WaitForExitAsync();
            Assert.Equal(0, tar.ExitCode);
        }

        await DiskReading.AssertReadsLikeAsync(images.File("machine.ova"), "ova", raw);
    }

    [LinuxFact]
    public async Task Holes_of_the_archive_within_the_disk_are_left_out_of_its_extents()
    {
        string raw = images.MakeRaw("source.raw", 1 << 20);
        string ova = images.File("machine.ova");
        MakeArchive(ova, OvaFile.Reference(DiskName), OvaFile.OneDisk, (DiskName, FlatDisk(8 << 20)));

        // The tar format has no holes; a copy of the archive may have.
        byte[] bytes = await File.ReadAllBytesAsync(ova);
        string sparse = images.File("sparse.ova");
        await using (FileStream file = File.Create(sparse))
        {
            for (int at = 0; at < bytes.Length; at += 4096)
            {
                ReadOnlyMemory<byte> block = bytes.AsMemory(at, Math.Min(4096, bytes.Length - at));
                file.Position = at;
                if (block.Span.ContainsAnyExcept((byte)0))
                    await file.WriteAsync(block);
            }

            file.SetLength(bytes.Length);
        }

        using ILogicalDisk disk = await DiskReading.OpenAsync(sparse);
        List<DiskExtent> extents = await disk.ExtentsAsync();
        Assert.InRange(extents.Sum(extent => extent.Length), 8192, 1 << 20);
        foreach (long offset in new long[] { 1 << 20, 7 << 20 })
        {
            Assert.Contains(extents, extent => extent.Offset <= offset && extent.End >= offset + 4096);
            byte[] buffer = new byte[4096];
            await disk.ReadAsync(offset, buffer, CancellationToken.None);
            Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept((byte)7));
        }
    }

    [Fact]
    public async Task Disks_that_begin_empty_are_left_out_with_a_notice()
    {
        (string raw, byte[] vmdk) = MakeDisk();
        string ova = images.File("machine.ova");
        MakeArchive(ova, OvaFile.Reference(DiskName), OvaFile.OneDisk + "<Disk ovf:capacity=\"1\" ovf:diskId=\"d2\"/>", (DiskName, vmdk));
        Assert.Equal("BlankDisksIgnored", Assert.Single(await DiskReading.AssertReadsLikeAsync(ova, "ova", raw)).Id);
    }

    [Theory]
    [InlineData("<File ovf:href=\"a.vmdk\" ovf:id=\"f1\"/><File ovf:href=\"b.vmdk\" ovf:id=\"f2\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\"/><Disk ovf:diskId=\"d2\" ovf:fileRef=\"f2\"/>", "FormatFeatureNotSupported")]
    [InlineData("<File ovf:href=\"a.vmdk\" ovf:id=\"f1\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\"/>", "FormatFeatureNotSupported")]
    [InlineData("<File ovf:href=\"c.vmdk\" ovf:id=\"f1\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\"/>", "ForeignReference")]
    [InlineData("<File ovf:href=\"/etc/passwd\" ovf:id=\"f1\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\"/>", "ForeignReference")]
    [InlineData("<File ovf:href=\"http://host/a.vmdk\" ovf:id=\"f1\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\"/>", "ForeignReference")]
    [InlineData("<File ovf:href=\"a.vmdk\" ovf:id=\"f1\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\" ovf:parentRef=\"d0\"/>", "ForeignReference")]
    [InlineData("<File ovf:href=\"a.vmdk\" ovf:id=\"f1\" ovf:compression=\"gzip\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\"/>", "FormatFeatureNotSupported")]
    [InlineData("<File ovf:href=\"a.vmdk\" ovf:id=\"f1\" ovf:chunkSize=\"7\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\"/>", "FormatFeatureNotSupported")]
    [InlineData("<File ovf:href=\"a.vmdk\" ovf:id=\"f1\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f2\"/>", "ImageCorrupt")]
    [InlineData("<File ovf:href=\"a.vmdk\" ovf:id=\"f1\"/><File ovf:href=\"b.vmdk\" ovf:id=\"f1\"/>", "<Disk ovf:diskId=\"d1\" ovf:fileRef=\"f1\"/>", "ImageCorrupt")]
    [InlineData("<File ovf:href=\"a.vmdk\" ovf:id=\"f1\"/>", "", "FormatNotSupported")]
    [InlineData("<File", "", "ImageCorrupt")]
    public async Task A_descriptor_of_other_than_one_disk_in_the_archive_is_refused(string references, string disks, string id)
    {
        string ova = images.File("machine.ova");
        MakeArchive(ova, references, disks, ("a.vmdk", new byte[1000]), ("b.vmdk", new byte[1000]));
        DiskException error = await RefusedAsync(ova, id);
        if (id == "FormatFeatureNotSupported" && !references.Contains("compression", StringComparison.Ordinal) && !references.Contains("chunkSize", StringComparison.Ordinal))
            Assert.Contains("a.vmdk, b.vmdk", error.Message);
    }

    [Theory]
    [InlineData("<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><Envelope>&a;</Envelope>")]
    [InlineData("<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><Envelope>&b;</Envelope>")]
    [InlineData("not XML")]
    [InlineData("")]
    public async Task A_descriptor_that_is_not_plain_XML_is_refused(string text)
    {
        string ova = images.File("machine.ova");
        OvaFile.Make(ova, TarEntryFormat.Ustar, ("machine.ovf", Encoding.UTF8.GetBytes(text)), (DiskName, MakeDisk().Vmdk));
        await RefusedAsync(ova, "ImageCorrupt");
    }

    [Fact]
    public async Task Archives_without_exactly_one_descriptor_of_bounded_size_are_refused()
    {
        byte[] descriptor = OvaFile.Descriptor(OvaFile.Reference(DiskName), OvaFile.OneDisk);
        string ova = images.File("machine.ova");
        OvaFile.Make(ova, TarEntryFormat.Ustar, (DiskName, new byte[1000]));
        await RefusedAsync(ova, "FormatNotSupported");
        OvaFile.Make(ova, TarEntryFormat.Ustar, ("a.ovf", descriptor), ("b.OVF", descriptor), (DiskName, new byte[1000]));
        await RefusedAsync(ova, "ImageCorrupt");
        OvaFile.Make(ova, TarEntryFormat.Ustar, ("a.ovf", [.. descriptor, .. Enumerable.Repeat((byte)' ', 1 << 20)]), (DiskName, new byte[1000]));
        await RefusedAsync(ova, "ImageCorrupt");
        OvaFile.Make(ova, TarEntryFormat.Ustar, ("a.ovf", descriptor), (DiskName, new byte[1000]), (DiskName, new byte[1000]));
        await RefusedAsync(ova, "ImageCorrupt");
        OvaFile.Make(ova, TarEntryFormat.Ustar, [.. Enumerable.Range(0, 1100).Select(i => ($"{i}", Array.Empty<byte>())), ("a.ovf", descriptor)]);
        await RefusedAsync(ova, "FormatFeatureNotSupported");
    }

    [Theory]
    [InlineData("# Disk DescriptorFile\nCID=1\nparentCID=ffffffff\nRW 100 FLAT \"/etc/passwd\" 0\n", "ForeignReference")]
    [InlineData("# Disk DescriptorFile\nCID=1\nparentCID=ffffffff\nRW 100 FLAT \"machine.ova\" 0\n", "ForeignReference")]
    [InlineData("KDMV", "ImageCorrupt")]
    [InlineData("plain", "ImageCorrupt")]
    public async Task A_disk_that_is_no_whole_VMDK_is_refused(string content, string id)
    {
        string ova = images.File("machine.ova");
        MakeArchive(ova, OvaFile.Reference(DiskName), OvaFile.OneDisk, (DiskName, Encoding.UTF8.GetBytes(content)));
        Assert.EndsWith("/machine.ova/" + DiskName, (await RefusedAsync(ova, id)).Target);
    }

    [Theory]
    [InlineData(124, "zzz", "ImageCorrupt")]
    [InlineData(124, "\u0080\0\0\0\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff", "ImageCorrupt")]
    [InlineData(124, "\u0080\0\0\0\u007f\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff", "ImageCorrupt")]
    [InlineData(124, "77777777777", "ImageCorrupt")]
    [InlineData(156, "S", "FormatFeatureNotSupported")]
    [InlineData(156, "5", "ImageCorrupt")]
    [InlineData(156, "x", "ImageCorrupt")]
    public async Task A_member_that_makes_no_sense_is_refused(int field, string value, string id)
    {
        string ova = images.File("machine.ova");
        MakeArchive(ova, OvaFile.Reference(DiskName), OvaFile.OneDisk, (DiskName, MakeDisk().Vmdk));
        byte[] bytes = await File.ReadAllBytesAsync(ova);
        Encoding.Latin1.GetBytes(value).CopyTo(bytes, field);
        await File.WriteAllBytesAsync(ova, bytes);
        await RefusedAsync(ova, "ImageCorrupt");

        Encoding.ASCII.GetBytes("        ").CopyTo(bytes, 148);
        Encoding.ASCII.GetBytes(Convert.ToString(bytes.Take(512).Sum(b => b), 8).PadLeft(6, '0') + "\0 ").CopyTo(bytes, 148);
        await File.WriteAllBytesAsync(ova, bytes);
        await RefusedAsync(ova, id);
    }

    [Theory]
    [InlineData("28 size=9223372036854775807\n", "ImageCorrupt")]
    [InlineData("11 size=-1\n", "ImageCorrupt")]
    [InlineData("0 path=x\n", "ImageCorrupt")]
    [InlineData("99999999999 path=x\n", "ImageCorrupt")]
    [InlineData("9 pathx\n", "ImageCorrupt")]
    [InlineData("22 GNU.sparse.major=1\n", "FormatFeatureNotSupported")]
    public async Task An_extended_header_that_makes_no_sense_is_refused(string record, string id)
    {
        string ova = images.File("machine.ova");
        string plain = images.File("plain.tar");
        OvaFile.Make(plain, TarEntryFormat.Ustar, ("extension", Encoding.ASCII.GetBytes(record)), ("machine.ovf", []));
        byte[] bytes = await File.ReadAllBytesAsync(plain);
        bytes[156] = (byte)'x';
        Encoding.ASCII.GetBytes("        ").CopyTo(bytes, 148);
        Encoding.ASCII.GetBytes(Convert.ToString(bytes.Take(512).Sum(b => b), 8).PadLeft(6, '0') + "\0 ").CopyTo(bytes, 148);
        await File.WriteAllBytesAsync(ova, bytes);
        await RefusedAsync(ova, id);
    }

    [Fact]
    public async Task An_archive_that_was_cut_off_is_refused()
    {
        string ova = images.File("machine.ova");
        MakeArchive(ova, OvaFile.Reference(DiskName), OvaFile.OneDisk, (DiskName, MakeDisk().Vmdk));
        long length = new FileInfo(ova).Length;
        foreach (long cut in new[] { length - 20_000, 3000, 700 })
        {
            using (FileStream file = File.OpenWrite(ova))
                file.SetLength(cut);
            await RefusedAsync(ova, "ImageCorrupt");
        }
    }

    private static void MakeArchive(string path, string references, string disks, params (string Name, byte[] Content)[] members) =>
        OvaFile.Make(path, TarEntryFormat.Ustar, [("machine.ovf", OvaFile.Descriptor(references, disks)), .. members]);

    private static async Task<DiskException> RefusedAsync(string path, string id)
    {
        DiskException error = await Assert.ThrowsAsync<DiskException>(async () => (await DiskReading.OpenAsync(path)).Dispose());
        Assert.Equal(id, error.Id);
        Assert.StartsWith(path, error.Target);
        return error;
    }

    // A disk of mostly zeros, in the one subformat that has them in the file.
    private static byte[] FlatDisk(int length)
    {
        byte[] disk = new byte[65536 + length];
        Encoding.ASCII.GetBytes($"# Disk DescriptorFile\nCID=1\nparentCID=ffffffff\nRW {length / 512} FLAT \"{DiskName}\" 128\n").CopyTo(disk, 0);
        disk.AsSpan(65536 + (1 << 20), 4096).Fill(7);
        disk.AsSpan(65536 + (7 << 20), 4096).Fill(7);
        return disk;
    }

    private (string Raw, byte[] Vmdk) MakeDisk()
    {
        string raw = images.MakeRaw("source.raw", (9 << 20) + 512);
        StreamOptimizedVmdk.Make(raw, images.File("disk.vmdk"));
        return (raw, File.ReadAllBytes(images.File("disk.vmdk")));
    }
}
