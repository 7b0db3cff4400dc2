using System.Buffers.Binary;

namespace ImageFabric.Disks.Tests;

public sealed class VhdRoundTripTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public static TheoryData<string, int> OptionsAndSizes()
    {
        var data = new TheoryData<string, int>();
        foreach (string subformat in new[] { "dynamic", "fixed" })
        {
            foreach (string forceSize in new[] { "off", "on" })
            {
                foreach (int size in new[] { 512, (3 << 20) + 512, (20 << 20) + 4096, 32 << 20 })
                    data.Add($"subformat={subformat},force_size={forceSize}", size);
            }
        }

        return data;
    }

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [MemberData(nameof(OptionsAndSizes))]
    public async Task A_disk_reads_as_qemu_reads_it(string options, int size)
    {
        string raw = images.MakeRaw("source.raw", size);
        string image = images.File("disk.vhd");
        QemuImg.Run("convert", "-f", "raw", "-O", "vpc", "-o", options, raw, image);
        string expected = images.File("expected.raw");
        QemuImg.Run("convert", "-f", "vpc", "-O", "raw", image, expected);
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(image, "vhd", expected));
        Assert.Contains("identical", QemuImg.Run("compare", "-f", "raw", "-F", "raw", raw, expected));
    }

    [QemuFact]
    public async Task Writes_and_zeros_of_a_guest_read_as_qemu_reads_them()
    {
        string image = images.File("disk.vhd");
        QemuImg.Run("create", "-f", "vpc", "-o", "force_size=on", image, "33M");
        QemuImg.Io(image, "vpc", "write -P 1 0 3M", "write -P 2 4100k 3k", "write -z 256k 64k", "write -P 3 32M 1M");
        string raw = images.File("expected.raw");
        QemuImg.Run("convert", "-f", "vpc", "-O", "raw", image, raw);
        await DiskReading.AssertReadsLikeAsync(image, "vhd", raw);
    }

    [QemuFact]
    public async Task A_disk_of_2040_GiB_gives_only_its_data()
    {
        string image = images.File("disk.vhd");
        QemuImg.Run("create", "-f", "vpc", "-o", "force_size=on", image, "2040G");
        QemuImg.Io(image, "vpc", "write -P 9 1500G 64k", "write -P 7 2088959M 1M");
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.Equal(2040L << 30, disk.Length);
        Assert.InRange((await disk.ExtentsAsync()).Sum(extent => extent.Length), (1 << 20) + 65536, 2 << 20);
        byte[] sector = new byte[512];
        await disk.ReadAsync((2040L << 30) - 512, sector, CancellationToken.None);
        Assert.All(sector, found => Assert.Equal(7, found));
    }

    [QemuTheory]
    [InlineData("qem2")]
    [InlineData("win ")]
    [InlineData("d2v ")]
    [InlineData("tap\0")]
    [InlineData("CTXS")]
    [InlineData("vpc ")]
    [InlineData("qemu")]
    public async Task The_creator_says_which_size_is_meant_as_in_qemu(string creator)
    {
        foreach (string subformat in new[] { "dynamic", "fixed" })
        {
            string image = images.File($"{subformat}.vhd");
            QemuImg.Run("convert", "-f", "raw", "-O", "vpc", "-o", $"subformat={subformat},force_size=on", images.MakeRaw($"{subformat}.raw", (20 << 20) + 4096), image);
            new VhdPatch(image).SetCreator(creator);
            new VhdPatch(image).ChangeFooters(footer => new byte[] { 602 >> 8, 602 & 0xff, 4, 17 }.CopyTo(footer.AsSpan(56)));
            string expected = images.File($"{subformat}.expected");
            QemuImg.Run("convert", "-f", "vpc", "-O", "raw", image, expected);
            IReadOnlyList<DiskNotice> notices = await DiskReading.AssertReadsLikeAsync(image, "vhd", expected);
            Assert.Equal(creator is "vpc " or "qemu" ? 1 : 0, notices.Count);
        }
    }

    [QemuTheory]
    [InlineData("vbox")]
    [InlineData("vs  ")]
    [InlineData("wa\0\0")]
    public async Task Creators_that_qemu_does_not_know_mean_the_current_size(string creator)
    {
        string raw = images.MakeRaw("source.raw", (20 << 20) + 4096);
        string image = images.File("disk.vhd");
        QemuImg.Run("convert", "-f", "raw", "-O", "vpc", "-o", "force_size=on", raw, image);
        new VhdPatch(image).SetCreator(creator);
        await DiskReading.AssertReadsLikeAsync(image, "vhd", raw);
    }

    [QemuFact]
    public async Task A_disk_of_the_largest_geometry_has_its_current_size()
    {
        string image = images.File("disk.vhd");
        QemuImg.Run("create", "-f", "vpc", "-o", "force_size=on", image, "200G");
        new VhdPatch(image).SetCreator("vpc ");
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.Equal(200L << 30, disk.Length);
        Assert.Contains($"({200L << 30} bytes)", QemuImg.Run("info", "-f", "vpc", image));
    }

    [QemuFact]
    public async Task A_sector_whose_bit_is_not_set_reads_as_zero()
    {
        string raw = images.File("source.raw");
        byte[] content = new byte[4 << 20];
        new Random(3).NextBytes(content);
        await File.WriteAllBytesAsync(raw, content);
        string image = images.File("disk.vhd");
        QemuImg.Run("convert", "-f", "raw", "-O", "vpc", "-o", "force_size=on", raw, image);
        var patch = new VhdPatch(image);
        byte[] bitmap = new byte[512];
        var random = new Random(4);
        for (int sector = 0; sector < 4096; sector++)
        {
            // Runs of some sectors, so that whole bytes of the bitmap are alike and others are not.
            if (sector / 40 % 3 != 0 && (sector / 40 % 3 == 1 || random.Next(2) == 0))
                bitmap[sector / 8] |= (byte)(0x80 >> (sector % 8));
            else
                content.AsSpan((2 << 20) + (sector * 512), 512).Clear();
        }

        Qcow2Patch.WriteBytes(image, patch.Entry(1) * 512L, bitmap);
        await File.WriteAllBytesAsync(raw, content);
        await DiskReading.AssertReadsLikeAsync(image, "vhd", raw);
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.True((await disk.ExtentsAsync()).Sum(extent => extent.Length) < (4 << 20) - (40 * 34 * 512));
    }

    [QemuTheory]
    [InlineData(4096u)]
    [InlineData(65536u)]
    public async Task Blocks_of_another_size_are_read(uint blockSize)
    {
        string image = images.File("disk.vhd");
        QemuImg.Run("create", "-f", "vpc", "-o", "force_size=on", image, "1M");
        var patch = new VhdPatch(image);
        int blocks = (1 << 20) / (int)blockSize;
        int stride = 512 + (int)blockSize;
        byte[] body = new byte[blocks * stride];
        byte[] table = new byte[blocks * 4];
        byte[] expected = new byte[1 << 20];
        new Random(1).NextBytes(expected);
        for (int block = 0; block < blocks; block++)
        {
            body.AsSpan(block * stride, 512).Fill(0xff);
            expected.AsSpan(block * (int)blockSize, (int)blockSize).CopyTo(body.AsSpan((block * stride) + 512));
            BinaryPrimitives.WriteUInt32BigEndian(table.AsSpan(block * 4), (uint)((1 << 20) + (block * stride)) / 512);
        }

        byte[] footer = patch.Read(0, 512);
        patch.ChangeHeader(header =>
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(28), blocks);
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(32), blockSize);
        });
        Qcow2Patch.WriteBytes(image, patch.Table, table);
        Qcow2Patch.WriteBytes(image, 1 << 20, body);
        Qcow2Patch.WriteBytes(image, (1 << 20) + body.Length, footer);
        await File.WriteAllBytesAsync(images.File("expected.raw"), expected);
        await DiskReading.AssertReadsLikeAsync(image, "vhd", images.File("expected.raw"));
        QemuImg.Run("convert", "-f", "vpc", "-O", "raw", image, images.File("qemu.raw"));
        Assert.Equal(expected, await File.ReadAllBytesAsync(images.File("qemu.raw")));
    }
}
