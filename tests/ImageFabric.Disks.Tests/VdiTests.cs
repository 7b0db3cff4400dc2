using System.Buffers.Binary;

namespace ImageFabric.Disks.Tests;

public sealed class VdiTests : IDisposable
{
    private const int BlockSize = 1 << 20;

    private readonly ImageDirectory images = new();

    public static TheoryData<string, long> Files()
    {
        var files = new TheoryData<string, long>();
        foreach (string option in new[] { "static=off", "static=on" })
        {
            foreach (long length in new long[] { 512, 1 << 20, (20 << 20) + 512 })
                files.Add(option, length);
        }

        return files;
    }

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [MemberData(nameof(Files))]
    public async Task A_disk_reads_as_qemu_reads_it(string options, long length)
    {
        string raw = images.MakeRaw("source.raw", length);
        string vdi = images.File("disk.vdi");
        QemuImg.Run("convert", "-f", "raw", "-O", "vdi", "-o", options, raw, vdi);
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(vdi, "vdi", raw));
    }

    [QemuFact]
    public async Task Writes_of_a_guest_in_any_order_read_as_qemu_reads_them()
    {
        string vdi = images.File("disk.vdi");
        QemuImg.Run("create", "-f", "vdi", vdi, "30M");
        QemuImg.Io(vdi, "vdi", "write -P 1 20M 3M", "write -P 2 5M 1k", "write -P 3 29M 1M", "write -P 4 0 2M", "write -z 20M 1M");
        string raw = images.File("expected.raw");
        QemuImg.Run("convert", "-O", "raw", vdi, raw);
        await DiskReading.AssertReadsLikeAsync(vdi, "vdi", raw);
    }

    [QemuFact]
    public async Task Discarded_blocks_read_as_zero()
    {
        string vdi = MakeImage();
        Write(vdi, MapEntry(0), 0xfffffffe);
        Write(vdi, MapEntry(1), 0xffffffff);
        using ILogicalDisk disk = await DiskReading.OpenAsync(vdi);
        Assert.Equal([new DiskExtent(2 << 20, 1 << 20)], await disk.ExtentsAsync());
        byte[] buffer = [1, 2, 3];
        await disk.ReadAsync(0, buffer, CancellationToken.None);
        Assert.Equal(new byte[3], buffer);
    }

    [QemuFact]
    public async Task A_disk_of_2_TiB_gives_only_its_data()
    {
        string vdi = images.File("disk.vdi");
        QemuImg.Run("create", "-f", "vdi", vdi, "2T");
        QemuImg.Io(vdi, "vdi", "write -P 9 1700G 2M");
        using ILogicalDisk disk = await DiskReading.OpenAsync(vdi);
        Assert.Equal(2L << 40, disk.Length);
        Assert.Equal([new DiskExtent(1700L << 30, 2 << 20)], await disk.ExtentsAsync());
    }

    [QemuFact]
    public async Task A_size_of_no_whole_sectors_is_rounded_up_as_qemu_does()
    {
        string vdi = MakeImage();
        Write(vdi, 0x170, (10 << 20) - 100);
        string raw = images.File("expected.raw");
        QemuImg.Run("convert", "-O", "raw", vdi, raw);
        Assert.Equal("PartialSectorFilled", Assert.Single(await DiskReading.AssertReadsLikeAsync(vdi, "vdi", raw)).Id);
    }

    [QemuFact]
    public async Task Blocks_of_another_size_are_read()
    {
        string raw = images.MakeRaw("source.raw", 8 << 20);
        string vdi = images.File("disk.vdi");
        QemuImg.Run("convert", "-S", "0", "-f", "raw", "-O", "vdi", raw, vdi);
        Write(vdi, 0x178, 2 * BlockSize);
        Write(vdi, 0x180, 4);
        await DiskReading.AssertReadsLikeAsync(vdi, "vdi", raw);
    }

    [QemuTheory]
    [InlineData(0x44, 0x00000002u, "FormatNotSupported")]
    [InlineData(0x44, 0x00010002u, "FormatNotSupported")]
    [InlineData(0x48, 0u, "ImageCorrupt")]
    [InlineData(0x48, 0x1000u, "ImageCorrupt")]
    [InlineData(0x48, 0xffffffffu, "ImageCorrupt")]
    [InlineData(0x4c, 0u, "FormatNotSupported")]
    [InlineData(0x4c, 3u, "ForeignReference")]
    [InlineData(0x4c, 4u, "ForeignReference")]
    [InlineData(0x154, 0u, "ImageCorrupt")]
    [InlineData(0x154, 0x201u, "ImageCorrupt")]
    [InlineData(0x154, 0xfffffe00u, "ImageCorrupt")]
    [InlineData(0x158, 0u, "ImageCorrupt")]
    [InlineData(0x158, 0x200u, "ImageCorrupt")]
    [InlineData(0x158, 0x401u, "ImageCorrupt")]
    [InlineData(0x158, 0xfffffe00u, "ImageCorrupt")]
    [InlineData(0x168, 4096u, "FormatFeatureNotSupported")]
    [InlineData(0x170, 0x7fffffffu, "ImageCorrupt")]
    [InlineData(0x174, 0xffffffffu, "ImageCorrupt")]
    [InlineData(0x178, 0u, "FormatFeatureNotSupported")]
    [InlineData(0x178, 0x80000000u, "FormatFeatureNotSupported")]
    [InlineData(0x178, 0x100001u, "FormatFeatureNotSupported")]
    [InlineData(0x17c, 512u, "FormatFeatureNotSupported")]
    [InlineData(0x180, 9u, "ImageCorrupt")]
    [InlineData(0x180, 0xffffffffu, "ImageCorrupt")]
    [InlineData(0x1a8, 1u, "ForeignReference")]
    [InlineData(0x1b4, 1u, "ForeignReference")]
    [InlineData(0x1b8, 1u, "ForeignReference")]
    public async Task A_header_field_that_makes_no_sense_is_refused(int field, uint value, string id)
    {
        string vdi = MakeImage();
        Write(vdi, field, value);
        await DiskReading.AssertRefusedAsync(vdi, id);
    }

    [QemuFact]
    public async Task A_parent_is_refused_before_other_faults_are_looked_at()
    {
        string vdi = MakeImage();
        Write(vdi, 0x1a8, 1);
        foreach (int field in new[] { 0x154, 0x168, 0x178, 0x180 })
            Write(vdi, field, 0xffffffff);
        Assert.Equal(0x1a8, (await DiskReading.AssertRefusedAsync(vdi, "ForeignReference")).Offset);
    }

    [QemuTheory]
    [InlineData(3u)]
    [InlineData(0xfffffffdu)]
    public async Task A_block_that_is_not_within_the_file_is_refused(uint entry)
    {
        string vdi = MakeImage();
        Write(vdi, MapEntry(5), entry);
        Assert.Equal(MapEntry(5), (await DiskReading.AssertRefusedAsync(vdi, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task A_block_of_the_file_that_is_used_twice_is_refused()
    {
        string vdi = MakeImage();
        Write(vdi, MapEntry(5), 1);
        Assert.Equal(MapEntry(5), (await DiskReading.AssertRefusedAsync(vdi, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task A_file_that_was_cut_off_is_refused()
    {
        string vdi = MakeImage();
        long length = new FileInfo(vdi).Length;
        foreach (long cut in new[] { length - 1, length - BlockSize, 1024, 520, 400, 68 })
        {
            using (FileStream file = File.OpenWrite(vdi))
                file.SetLength(cut);
            await DiskReading.AssertRefusedAsync(vdi, "ImageCorrupt");
        }
    }

    [QemuFact]
    public async Task The_disk_is_held_to_the_limit_of_the_policy()
    {
        string vdi = MakeImage();
        DiskException error = await Assert.ThrowsAsync<DiskException>(
            () => DiskImage.OpenAsync(vdi, new DiskPolicy { MaximumVirtualLength = (10 << 20) - 1 }, CancellationToken.None));
        Assert.Equal("ImageTooLarge", error.Id);
    }

    [QemuFact]
    public async Task A_disk_without_a_byte_is_empty()
    {
        string vdi = MakeImage();
        Write(vdi, 0x170, 0);
        await DiskReading.AssertRefusedAsync(vdi, "ImageEmpty");
    }

    private static long MapEntry(int block) => 0x200 + (block * 4);

    private static void Write(string path, long offset, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        VmdkPatch.WriteBytes(path, offset, bytes);
    }

    // 10 MiB, of which the first three blocks are in use.
    private string MakeImage()
    {
        string vdi = images.File("disk.vdi");
        QemuImg.Run("create", "-f", "vdi", vdi, "10M");
        QemuImg.Io(vdi, "vdi", "write -P 1 0 3M");
        return vdi;
    }
}
