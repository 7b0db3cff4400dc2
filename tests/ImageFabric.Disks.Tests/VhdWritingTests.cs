using System.Buffers.Binary;
using ImageFabric.Disks.Vhd;
using ImageFabric.Disks.Vhdx;

namespace ImageFabric.Disks.Tests;

/// <summary>What Hyper-V and Azure ask of a VHDX or VHD besides that its content is right.</summary>
public sealed class VhdWritingTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [Theory]
    [InlineData("vhdx", 10L << 20, 1)]
    [InlineData("vhdx", 127L << 30, 1)]
    [InlineData("vhdx", (127L << 30) + 512, 2)]
    [InlineData("vhdx", 2L << 40, 32)]
    [InlineData("vhdx", 64L << 40, 32)]
    [InlineData("vhdx-fixed", 1L << 40, 16)]
    public async Task Block_sizes_keep_small_images_small_and_large_tables_short(string format, long length, int mebibytes)
    {
        string image = await WriteAsync(format, length, [new(length - 512, 512)]);
        var patch = new VhdxPatch(image);
        Assert.Equal((uint)mebibytes << 20, (uint)patch.ReadUInt64(patch.Item(VhdxFormat.FileParameters)));
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.Equal(length, disk.Length);
        byte[] sector = new byte[512];
        await disk.ReadAsync(length - 512, sector, CancellationToken.None);
        Assert.Equal(Enumerable.Repeat((byte)0x5a, 512), sector);
    }

    [QemuFact]
    public async Task A_VHDX_is_as_Hyper_V_makes_it()
    {
        string image = await WriteAsync("vhdx", 10 << 20, [new(3 << 20, 4096)]);
        var patch = new VhdxPatch(image);
        Assert.Equal(5 << 20, new FileInfo(image).Length);
        foreach (long header in new long[] { 64 << 10, 128 << 10 })
        {
            byte[] bytes = patch.Read(header, 4096);
            Assert.True(VhdxFormat.ChecksumIsRight(bytes));
            Assert.Equal(Guid.Empty, new Guid(bytes.AsSpan(48, 16)));
        }

        Assert.Equal(patch.Read(192 << 10, 65536), patch.Read(256 << 10, 65536));
        Assert.Equal((1 << 20, 1L << 20), (patch.LogLength, patch.LogOffset));
        Assert.Equal(512u, (uint)patch.ReadUInt64(patch.Item(VhdxFormat.LogicalSectorSize)));
        Assert.Equal(4096u, BinaryPrimitives.ReadUInt32LittleEndian(patch.Read(patch.Item(VhdxFormat.PhysicalSectorSize), 4)));
        Assert.Equal(0u, (uint)patch.ReadUInt64(patch.Item(VhdxFormat.FileParameters) + 4));

        // qemu goes on writing into it, which takes its own view of the whole file.
        QemuImg.Io(image, "vhdx", "write -P 7 9M 1M", "read -P 7 9M 1M", "read -P 0x5a 3M 4k");
        Assert.Contains("No errors", QemuImg.Run("check", "-f", "vhdx", image));
    }

    [Fact]
    public async Task A_fixed_VHDX_says_so_and_has_all_its_blocks()
    {
        string image = await WriteAsync("vhdx-fixed", (10 << 20) + 512, []);
        var patch = new VhdxPatch(image);
        Assert.Equal(1ul, patch.ReadUInt64(patch.Item(VhdxFormat.FileParameters)) >> 32);
        for (int block = 0; block < 11; block++)
            Assert.Equal(((4ul + (ulong)block) << 20) | VhdxFormat.FullyPresent, patch.ReadUInt64(patch.Bat + (block * 8)));
        Assert.Equal(15 << 20, new FileInfo(image).Length);
    }

    [QemuTheory]
    [InlineData(1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData((7 << 20) - 512)]
    public async Task A_fixed_VHD_has_whole_mebibytes_as_Azure_asks(int length)
    {
        string image = await WriteAsync("vhd-fixed", length, [new(0, length)]);
        long rounded = (length + (1 << 20) - 1) / (1 << 20) * (1 << 20);
        Assert.Equal(rounded + 512, new FileInfo(image).Length);
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.Equal(rounded, disk.Length);
        Assert.Contains($"({rounded} bytes)", QemuImg.Run("info", "-f", "vpc", image));
    }

    [QemuFact]
    public async Task A_dynamic_VHD_keeps_its_data_aligned_and_qemu_goes_on_writing_into_it()
    {
        DiskExtent[] extents = [new(0, 4 << 20), new(10 << 20, 4096)];
        string image = images.File("disk.img");
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, "vhd", 40 << 20, 512, extents, CancellationToken.None))
        {
            // An extent that goes over a block's end is in two places of the file.
            Assert.Equal((2 << 20) - 4096, target.Locate(4096).Contiguous);
            Assert.All(extents, extent => Assert.Equal(0, target.Locate(extent.Offset).FileOffset % 4096));
            byte[] data = new byte[4 << 20];
            new Random(1).NextBytes(data);
            await target.WriteAsync(0, data, CancellationToken.None);
            await target.CompleteAsync(CancellationToken.None);
        }

        QemuImg.Io(image, "vpc", "write -P 7 30M 1M", "read -P 7 30M 1M", "read -P 0 10M 4k");
        QemuImg.Run("convert", "-f", "vpc", "-O", "raw", image, images.File("expected.raw"));
        await DiskReading.AssertReadsLikeAsync(image, "vhd", images.File("expected.raw"));
    }

    [Theory]
    [InlineData("vhd", (2040L << 30) + 1)]
    [InlineData("vhd-fixed", (2040L << 30) + 1)]
    [InlineData("vhdx", (64L << 40) + 1)]
    [InlineData("qcow2", (2L << 50) + 1)]
    public async Task A_disk_that_does_not_fit_into_the_format_is_refused(string format, long length)
    {
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => DiskTarget.OpenAsync(images.File("disk.img"), format, length, 512, [], CancellationToken.None));
        Assert.Equal("ImageTooLarge", error.Id);
        Assert.False(File.Exists(images.File("disk.img")));
    }

    [Fact]
    public void The_largest_dynamic_VHD_can_be_addressed()
    {
        // The table counts in sectors of 512 bytes, in 32 bits of which all ones mean none.
        var layout = new VhdLayout(VhdFooter.LargestDisk, [new DiskExtent(0, VhdFooter.LargestDisk)]);
        Assert.InRange(layout.Locate(VhdFooter.LargestDisk - 512).FileOffset / 512, 1, uint.MaxValue - 1);
        Assert.True(layout.FileLength < 2L << 40);
    }

    // Qemu's own figures for disks made with force_size=off, which are of exactly that geometry.
    [QemuTheory]
    [InlineData("1M")]
    [InlineData("20M")]
    [InlineData("500M")]
    [InlineData("503M")]
    [InlineData("504M")]
    [InlineData("520M")]
    [InlineData("2G")]
    [InlineData("8G")]
    [InlineData("30G")]
    [InlineData("100G")]
    public void The_geometry_is_the_one_that_qemu_computes(string size)
    {
        string image = images.File("disk.vhd");
        QemuImg.Run("create", "-f", "vpc", image, size);
        byte[] footer = new VhdPatch(image).Read(0, 512);
        long sectors = BinaryPrimitives.ReadInt64BigEndian(footer.AsSpan(48)) / 512;
        Assert.Equal((BinaryPrimitives.ReadUInt16BigEndian(footer.AsSpan(56)), footer[58], footer[59]), VhdFooterWriter.Geometry(sectors));
    }

    private async Task<string> WriteAsync(string format, long length, DiskExtent[] extents)
    {
        string image = images.File("disk.img");
        await using IDiskTarget target = await DiskTarget.OpenAsync(image, format, length, 512, extents, CancellationToken.None);
        foreach (DiskExtent extent in extents)
        {
            byte[] data = new byte[extent.Length];
            data.AsSpan().Fill(0x5a);
            await target.WriteAsync(extent.Offset, data, CancellationToken.None);
        }

        await target.CompleteAsync(CancellationToken.None);
        return image;
    }
}
