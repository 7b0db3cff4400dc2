using System.Buffers.Binary;

namespace ImageFabric.Disks.Tests;

/// <summary>One damage each, and the place in the file that the error names.</summary>
public sealed class VhdDamageTests : IDisposable
{
    private readonly ImageDirectory images = new();
    private readonly string image;
    private readonly VhdPatch patch;

    // 20 MiB in blocks of 2 MiB, of which the first two are in the file.
    public VhdDamageTests()
    {
        image = images.File("disk.vhd");
        patch = new VhdPatch(image);
        if (QemuImg.WhyNot is not null)
            return;
        QemuImg.Run("create", "-f", "vpc", "-o", "force_size=on", image, "20M");
        QemuImg.Io(image, "vpc", "write -P 1 0 1M", "write -P 2 2M 1M");
    }

    public void Dispose() => images.Dispose();

    [QemuFact]
    public async Task A_file_that_has_a_parent_is_refused_before_other_faults_are_looked_at()
    {
        // The checksums are left as they were, so they are wrong.
        Qcow2Patch.Write(image, new FileInfo(image).Length - 512 + 60, 4u);
        await DiskReading.AssertRefusedAsync(image, "ForeignReference");
        patch.ChangeFooters(footer => footer.AsSpan(48, 12).Fill(0xff));
        await DiskReading.AssertRefusedAsync(image, "ForeignReference");
    }

    [QemuFact]
    public async Task A_footer_whose_checksum_is_wrong_is_not_used_and_its_copy_is()
    {
        string expected = images.File("expected.raw");
        QemuImg.Run("convert", "-f", "vpc", "-O", "raw", image, expected);
        Qcow2Patch.Write(image, 100, 1u);
        await DiskReading.AssertReadsLikeAsync(image, "vhd", expected);
        Qcow2Patch.Write(image, new FileInfo(image).Length - 512 + 100, 1u);
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuTheory]
    [InlineData(12, 2u << 16, "FormatNotSupported")]
    [InlineData(60, 1u, "FormatNotSupported")]
    [InlineData(60, 7u, "FormatNotSupported")]
    [InlineData(20, 1u << 30, "ImageCorrupt")]
    [InlineData(16, 0xffffffffu, "ImageCorrupt")]
    [InlineData(48, 1u << 12, "ImageCorrupt")]
    [InlineData(48, 0xffffffffu, "ImageCorrupt")]
    [InlineData(52, 22u << 20, "ImageCorrupt")]
    [InlineData(52, 0u, "ImageEmpty")]
    public async Task A_footer_that_says_what_cannot_be_is_refused(int field, uint value, string id)
    {
        patch.ChangeFooters(footer => BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(field), value));
        await DiskReading.AssertRefusedAsync(image, id);
    }

    [QemuTheory]
    [InlineData(0, 0u, "ImageCorrupt")]
    [InlineData(16, 1u, "ImageCorrupt")]
    [InlineData(20, 0x7fffffffu, "ImageCorrupt")]
    [InlineData(24, 2u << 16, "FormatNotSupported")]
    [InlineData(28, 9u, "ImageCorrupt")]
    [InlineData(32, 3u << 20, "ImageCorrupt")]
    [InlineData(32, 2048u, "ImageCorrupt")]
    [InlineData(32, 0u, "ImageCorrupt")]
    public async Task A_header_that_says_what_cannot_be_is_refused(int field, uint value, string id)
    {
        patch.ChangeHeader(header => BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(field), value));
        await DiskReading.AssertRefusedAsync(image, id);
    }

    [QemuFact]
    public async Task A_header_whose_checksum_is_wrong_is_refused()
    {
        Qcow2Patch.Write(image, 512 + 900, 1u);
        Assert.Equal(512, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task A_table_larger_than_the_limit_is_refused_before_it_is_read()
    {
        patch.ChangeFooters(footer => BinaryPrimitives.WriteUInt64BigEndian(footer.AsSpan(48), 2000ul << 30));
        patch.ChangeHeader(header =>
        {
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(28), uint.MaxValue);
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(32), 4096);
        });
        await DiskReading.AssertRefusedAsync(image, "FormatFeatureNotSupported");
    }

    [QemuTheory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(3u)]
    [InlineData(0xfffffffeu)]
    [InlineData(5000u)]
    public async Task A_block_where_no_block_can_be_is_refused(uint sector)
    {
        Qcow2Patch.Write(image, patch.Table + 8, sector);
        Assert.Equal(patch.Table + 8, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2000)]
    public async Task Two_blocks_that_overlap_are_refused(int sectors)
    {
        Qcow2Patch.Write(image, patch.Table + 4, patch.Entry(0) + (uint)sectors);
        Assert.Equal((patch.Entry(0) + sectors) * 512L, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task A_file_that_was_cut_off_is_refused()
    {
        long length = new FileInfo(image).Length;
        foreach (long cut in new[] { length - 513, length - 100_000, 3000, 1700, 600, 512, 100 })
        {
            using (FileStream file = File.OpenWrite(image))
                file.SetLength(cut);
            await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
        }
    }

    [QemuFact]
    public async Task A_fixed_disk_larger_than_its_file_is_refused()
    {
        string fixedImage = images.File("fixed.vhd");
        QemuImg.Run("create", "-f", "vpc", "-o", "force_size=on,subformat=fixed", fixedImage, "4M");
        new VhdPatch(fixedImage).ChangeFooters(footer => BinaryPrimitives.WriteUInt64BigEndian(footer.AsSpan(48), (4 << 20) + 512));
        await DiskReading.AssertRefusedAsync(fixedImage, "ImageCorrupt");
    }

    [QemuFact]
    public async Task A_suspended_machine_and_a_broken_sector_give_notices()
    {
        patch.ChangeFooters(footer =>
        {
            footer[84] = 1;
            BinaryPrimitives.WriteUInt64BigEndian(footer.AsSpan(48), (20 << 20) - 100);
        });
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.Equal((20 << 20) - 512, disk.Length);
        Assert.Equal(["PartialSectorIgnored", "SavedStateIgnored"], disk.Notices.Select(n => n.Id).Order());
    }
}
