using System.Text;

namespace ImageFabric.Disks.Tests;

public sealed class VmdkRoundTripTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public static TheoryData<string, long> Files()
    {
        var files = new TheoryData<string, long>();
        foreach (string subformat in new[] { "monolithicSparse", "streamOptimized" })
        {
            foreach (long length in new long[] { 512, 65536, (20 << 20) + 512, 40 << 20 })
                files.Add($"subformat={subformat}", length);
            foreach (string adapter in new[] { "ide", "lsilogic", "buslogic", "legacyESX" })
                files.Add($"subformat={subformat},adapter_type={adapter}", (3 << 20) + 1536);
            foreach (string option in new[] { "compat6=on", "zeroed_grain=on", "hwversion=14", "toolsversion=2147483647" })
                files.Add($"subformat={subformat},{option}", (9 << 20) + 1536);
        }

        return files;
    }

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [MemberData(nameof(Files))]
    public async Task A_disk_reads_as_qemu_reads_it(string options, long length)
    {
        string raw = images.MakeRaw("source.raw", length);
        string vmdk = images.File("disk.vmdk");
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", "-o", options, raw, vmdk);
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(vmdk, "vmdk", raw));
    }

    [QemuTheory]
    [InlineData("subformat=monolithicSparse")]
    [InlineData("subformat=monolithicSparse,zeroed_grain=on")]
    public async Task Writes_and_zeros_of_a_guest_read_as_qemu_reads_them(string options)
    {
        string vmdk = images.File("disk.vmdk");
        QemuImg.Run("create", "-f", "vmdk", "-o", options, vmdk, "70M");
        QemuImg.Io(vmdk, "vmdk", "write -P 1 0 1M", "write -P 2 1500k 3k", "write -z 256k 64k", "write -z 40M 128k", "write -P 3 40M 512", "write -P 4 71679k 1k");
        string raw = images.File("expected.raw");
        QemuImg.Run("convert", "-O", "raw", vmdk, raw);
        await DiskReading.AssertReadsLikeAsync(vmdk, "vmdk", raw);
    }

    [QemuTheory]
    [InlineData(512)]
    [InlineData((20 << 20) + 512)]
    [InlineData((100 << 20) - 65536)]
    public async Task An_exported_disk_with_its_tables_at_the_end_reads_as_qemu_reads_it(long length)
    {
        string raw = images.MakeRaw("source.raw", length);
        string vmdk = images.File("disk.vmdk");
        StreamOptimizedVmdk.Make(raw, vmdk);
        Assert.Contains("identical", QemuImg.Run("compare", "-f", "raw", "-F", "vmdk", raw, vmdk));
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(vmdk, "vmdk", raw));
    }

    [QemuFact]
    public async Task A_disk_of_2_TiB_gives_only_its_data()
    {
        string vmdk = images.File("disk.vmdk");
        QemuImg.Run("create", "-f", "vmdk", vmdk, "2T");
        QemuImg.Io(vmdk, "vmdk", "write -P 9 1700G 128k");
        using ILogicalDisk disk = await DiskReading.OpenAsync(vmdk);
        Assert.Equal(2L << 40, disk.Length);
        Assert.Equal([new DiskExtent(1700L << 30, 128 << 10)], await disk.ExtentsAsync());
    }

    [QemuFact]
    public async Task A_renamed_file_is_its_own_extent()
    {
        string raw = images.MakeRaw("source.raw", 1 << 20);
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", raw, images.File("disk.vmdk"));
        File.Move(images.File("disk.vmdk"), images.File("other.img"));
        await DiskReading.AssertReadsLikeAsync(images.File("other.img"), "vmdk", raw);
    }

    [QemuFact]
    public async Task A_flat_extent_behind_its_descriptor_in_one_file_is_read()
    {
        string raw = images.MakeRaw("source.raw", 3 << 20);
        string vmdk = images.File("disk.vmdk");
        await File.WriteAllBytesAsync(vmdk, [.. FlatDescriptor(vmdk, 128), .. await File.ReadAllBytesAsync(raw)]);
        Assert.Contains("identical", QemuImg.Run("compare", "-f", "raw", "-F", "vmdk", raw, vmdk));
        await DiskReading.AssertReadsLikeAsync(vmdk, "vmdk", raw);

        File.Move(vmdk, images.File("renamed.vmdk"));
        await DiskReading.AssertRefusedAsync(images.File("renamed.vmdk"), "ForeignReference");
    }

    [QemuTheory]
    [InlineData("subformat=monolithicFlat")]
    [InlineData("subformat=twoGbMaxExtentFlat")]
    [InlineData("subformat=twoGbMaxExtentSparse")]
    public async Task A_descriptor_of_other_files_is_refused(string options)
    {
        QemuImg.Run("create", "-f", "vmdk", "-o", options, images.File("disk.vmdk"), "3G");
        await DiskReading.AssertRefusedAsync(images.File("disk.vmdk"), "ForeignReference");
    }

    [QemuFact]
    public async Task One_part_of_a_disk_of_several_files_is_refused()
    {
        QemuImg.Run("create", "-f", "vmdk", "-o", "subformat=twoGbMaxExtentSparse", images.File("disk.vmdk"), "3G");
        await DiskReading.AssertRefusedAsync(images.File("disk-s001.vmdk"), "FormatNotSupported");
    }

    [QemuFact]
    public async Task A_parent_is_refused()
    {
        QemuImg.Run("create", "-f", "vmdk", images.File("base.vmdk"), "3M");
        QemuImg.Run("create", "-f", "vmdk", "-b", images.File("base.vmdk"), "-F", "vmdk", images.File("disk.vmdk"));
        await DiskReading.AssertRefusedAsync(images.File("disk.vmdk"), "ForeignReference");
    }

    [QemuFact]
    public async Task What_keeps_track_of_changed_blocks_is_ignored_with_a_notice()
    {
        string raw = images.MakeRaw("source.raw", 1 << 20);
        string vmdk = images.File("disk.vmdk");
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", raw, vmdk);
        VmdkPatch.Replace(vmdk, "# The Disk Data Base", "changeTrackPath=\"disk-ctk.vmdk\"\n");
        Assert.Equal("ChangeTrackingIgnored", Assert.Single(await DiskReading.AssertReadsLikeAsync(vmdk, "vmdk", raw)).Id);
    }

    [QemuFact]
    public async Task A_descriptor_with_a_size_of_no_whole_grains_yields_to_the_header_with_a_notice()
    {
        string raw = images.MakeRaw("source.raw", 1 << 20);
        string vmdk = images.File("disk.vmdk");
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", raw, vmdk);
        VmdkPatch.Replace(vmdk, "RW 2048 ", "RW 2047 ");
        Assert.Equal("DescriptorSizeIgnored", Assert.Single(await DiskReading.AssertReadsLikeAsync(vmdk, "vmdk", raw)).Id);
    }

    private static byte[] FlatDescriptor(string path, int sectors)
    {
        string text = $"# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n\n# Extent description\nRW 6144 FLAT \"{Path.GetFileName(path)}\" {sectors}\n";
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        Array.Resize(ref bytes, sectors * 512);
        return bytes;
    }
}
