using System.Buffers.Binary;
using ImageFabric.Disks.Vhdx;

namespace ImageFabric.Disks.Tests;

/// <summary>One damage each, and the place in the file that the error names.</summary>
public sealed class VhdxDamageTests : IDisposable
{
    private readonly ImageDirectory images = new();
    private readonly string image;
    private readonly VhdxPatch patch;

    // 8 MiB in blocks of 1 MiB, of which the first two are in the file.
    public VhdxDamageTests()
    {
        image = images.File("disk.vhdx");
        patch = new VhdxPatch(image);
        if (QemuImg.WhyNot is not null)
            return;
        QemuImg.Run("create", "-f", "vhdx", "-o", "block_size=1M", image, "8M");
        QemuImg.Io(image, "vhdx", "write -P 1 0 1M", "write -P 2 1M 1M");
    }

    public void Dispose() => images.Dispose();

    [QemuFact]
    public async Task A_file_that_has_a_parent_is_refused_before_other_faults_are_looked_at()
    {
        patch.Write(patch.Item(VhdxFormat.FileParameters), 3u);
        patch.Write(patch.Item(VhdxFormat.FileParameters) + 4, 2u);
        patch.Write(patch.Item(VhdxFormat.VirtualDiskSize), ulong.MaxValue);
        patch.Write(patch.Bat, ulong.MaxValue);
        await DiskReading.AssertRefusedAsync(image, "ForeignReference");
    }

    [QemuFact]
    public async Task A_file_that_names_a_parent_is_refused()
    {
        patch.Write(patch.ItemEntry(VhdxFormat.PhysicalSectorSize), VhdxFormat.ParentLocator.ToByteArray());
        await DiskReading.AssertRefusedAsync(image, "ForeignReference");
    }

    [QemuFact]
    public async Task A_region_that_is_needed_and_not_known_is_refused()
    {
        patch.ChangeRegionTables(table => AddRegion(table, 1, (ulong)patch.Metadata));
        await DiskReading.AssertRefusedAsync(image, "FormatFeatureNotSupported");
    }

    [QemuFact]
    public async Task A_region_that_is_not_needed_is_ignored_unless_it_overlaps_another()
    {
        using (FileStream file = File.OpenWrite(image))
            file.SetLength(file.Length + VhdxPatch.MiB);
        patch.ChangeRegionTables(table => AddRegion(table, 0, (ulong)new FileInfo(image).Length - VhdxPatch.MiB));
        (await DiskReading.OpenAsync(image)).Dispose();
        patch.ChangeRegionTables(table => BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(16 + 64 + 16), (ulong)patch.Metadata));
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuFact]
    public async Task A_metadata_item_that_is_needed_and_not_known_is_refused()
    {
        long entry = patch.ItemEntry(VhdxFormat.PhysicalSectorSize);
        patch.Write(entry, Guid.NewGuid().ToByteArray());
        Assert.Equal(entry, (await DiskReading.AssertRefusedAsync(image, "FormatFeatureNotSupported")).Offset);
    }

    [QemuTheory]
    [InlineData(3u << 20)]
    [InlineData(1u << 19)]
    [InlineData(1u << 29)]
    [InlineData(0u)]
    public async Task A_block_size_that_cannot_be_is_refused(uint size)
    {
        long place = patch.Item(VhdxFormat.FileParameters);
        patch.Write(place, size);
        Assert.Equal(place, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuTheory]
    [InlineData((64ul << 40) + 512)]
    [InlineData((8ul << 20) + 1)]
    [InlineData(ulong.MaxValue & ~511ul)]
    public async Task A_disk_size_that_cannot_be_is_refused(ulong size)
    {
        long place = patch.Item(VhdxFormat.VirtualDiskSize);
        patch.Write(place, size);
        Assert.Equal(place, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task A_disk_that_the_BAT_is_too_small_for_is_refused()
    {
        patch.Write(patch.Item(VhdxFormat.VirtualDiskSize), 1ul << 40);
        Assert.Equal(patch.Bat, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task A_sector_size_that_cannot_be_is_refused()
    {
        patch.Write(patch.Item(VhdxFormat.LogicalSectorSize), 1024u);
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuTheory]
    [InlineData(4ul)]
    [InlineData(7ul)]
    [InlineData(6ul)]
    [InlineData((2ul << 20) | 6)]
    [InlineData((1ul << 40) | 6)]
    [InlineData((0xffffffffffful << 20) | 6)]
    [InlineData(14ul)]
    public async Task A_block_that_is_nowhere_in_the_file_is_refused(ulong entry)
    {
        patch.Write(patch.Bat + 16, entry);
        Assert.Equal(patch.Bat + 16, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task Two_blocks_in_one_place_are_refused()
    {
        patch.Write(patch.Bat + 16, patch.ReadUInt64(patch.Bat));
        Assert.Equal(patch.Bat + 16, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task A_block_in_the_place_of_a_region_or_of_the_log_is_refused()
    {
        foreach (long place in new[] { patch.Metadata, patch.Bat, patch.LogOffset })
        {
            patch.Write(patch.Bat + 16, (ulong)place | 6);
            Assert.Equal(patch.Bat + 16, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
        }
    }

    [QemuFact]
    public async Task Blocks_of_every_state_without_data_read_as_zero()
    {
        foreach (ulong state in new ulong[] { 0, 1, 2, 3, 5 })
            patch.Write(patch.Bat + 16 + ((long)state * 8), ((ulong)patch.Metadata & ~0xffffful) | state);
        string raw = images.File("expected.raw");
        QemuImg.Run("convert", "-f", "vhdx", "-O", "raw", image, raw);
        await DiskReading.AssertReadsLikeAsync(image, "vhdx", raw);
    }

    [QemuFact]
    public async Task The_valid_header_and_region_table_are_used_when_the_other_is_not()
    {
        string raw = images.File("expected.raw");
        QemuImg.Run("convert", "-f", "vhdx", "-O", "raw", image, raw);
        byte[] header = patch.Read(patch.CurrentHeader, 4096);
        patch.Write(patch.CurrentHeader, new byte[4096]);
        await DiskReading.AssertReadsLikeAsync(image, "vhdx", raw);
        patch.Write(192 << 10, new byte[100]);
        await DiskReading.AssertReadsLikeAsync(image, "vhdx", raw);
        patch.Write(256 << 10, new byte[100]);
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");

        // Disk2vhd writes the same header twice; two that differ and have one number cannot be.
        patch.Write(64 << 10, header);
        patch.Write(128 << 10, header);
        header[20] ^= 1;
        VhdxFormat.SetChecksum(header);
        patch.Write(128 << 10, header);
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuFact]
    public async Task A_file_without_a_valid_header_is_refused()
    {
        patch.Write(64 << 10, new byte[4096]);
        patch.Write(128 << 10, new byte[4096]);
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuFact]
    public async Task Another_version_is_refused()
    {
        patch.ChangeHeaders(header => header[66] = 2);
        await DiskReading.AssertRefusedAsync(image, "FormatNotSupported");
    }

    [QemuFact]
    public async Task A_file_that_was_cut_off_is_refused()
    {
        long length = new FileInfo(image).Length;
        foreach (long cut in new[] { length - 512, length - (1 << 20) - 1, 3 << 20, (2 << 20) - 1, (1 << 20) - 1, 100_000, 600, 8 })
        {
            using (FileStream file = File.OpenWrite(image))
                file.SetLength(cut);
            await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
        }
    }

    [QemuFact]
    public async Task Sectors_of_4096_bytes_place_sector_bitmaps_elsewhere()
    {
        // With blocks of 256 MiB the places of sector bitmaps come after 16 blocks when sectors have 512 bytes, and after 128 when they have 4096.
        QemuImg.Run("create", "-f", "vhdx", "-o", "block_size=256M", image, "40G");
        patch.Write(patch.Item(VhdxFormat.LogicalSectorSize), 4096u);
        long block = new FileInfo(image).Length;
        using (FileStream file = File.OpenWrite(image))
        {
            file.SetLength(block + (256L << 20));
            file.Position = block + 1000;
            file.WriteByte(77);
        }

        patch.Write(patch.Bat + (131 * 8), (ulong)block | 6);
        byte[] read = new byte[1];
        using (ILogicalDisk disk = await DiskReading.OpenAsync(image))
            await disk.ReadAsync((130L * (256 << 20)) + 1000, read, CancellationToken.None);
        Assert.Equal(77, read[0]);

        patch.Write(patch.Item(VhdxFormat.LogicalSectorSize), 512u);
        using ILogicalDisk other = await DiskReading.OpenAsync(image);
        await other.ReadAsync((124L * (256 << 20)) + 1000, read, CancellationToken.None);
        Assert.Equal(77, read[0]);
    }

    [QemuFact]
    public async Task The_file_and_the_disk_are_held_to_the_limits_of_the_policy()
    {
        var small = new DiskPolicy { MaximumVirtualLength = (8 << 20) - 1 };
        Assert.Equal("ImageTooLarge", (await Assert.ThrowsAsync<DiskException>(() => DiskImage.OpenAsync(image, small, CancellationToken.None))).Id);
        patch.Write(patch.Item(VhdxFormat.VirtualDiskSize), 0ul);
        await DiskReading.AssertRefusedAsync(image, "ImageEmpty");
    }

    // The region table has two entries as qemu writes it.
    private static void AddRegion(byte[] table, uint required, ulong offset)
    {
        table[8] = 3;
        Span<byte> entry = table.AsSpan(16 + 64, 32);
        Guid.NewGuid().TryWriteBytes(entry);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], offset);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[24..], 1 << 20);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[28..], required);
    }
}
