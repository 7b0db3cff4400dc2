namespace ImageFabric.Disks.Tests;

public sealed class VhdxRoundTripTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public static TheoryData<string> Options()
    {
        var options = new TheoryData<string> { "subformat=dynamic,block_state_zero=on", "subformat=dynamic,block_state_zero=off", "subformat=fixed", "log_size=3M", "subformat=fixed,block_size=1M" };
        foreach (int mebibytes in new[] { 1, 2, 8, 32, 256 })
            options.Add($"subformat=dynamic,block_size={mebibytes}M");
        return options;
    }

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [MemberData(nameof(Options))]
    public async Task A_disk_reads_as_qemu_reads_it(string options)
    {
        string raw = images.MakeRaw("source.raw", (20 << 20) + 512);
        await AssertReadsAsQemuReadsItAsync(raw, options);
    }

    [QemuTheory]
    [InlineData(512)]
    [InlineData((1 << 20) + 512)]
    [InlineData((3 << 20) - 512)]
    [InlineData(7 << 20)]
    public async Task A_disk_of_odd_size_reads_as_qemu_reads_it(int length)
    {
        string raw = images.MakeRaw("source.raw", length);
        foreach (string options in new[] { "subformat=dynamic,block_size=1M", "subformat=fixed,block_size=2M" })
            await AssertReadsAsQemuReadsItAsync(raw, options);
    }

    [QemuFact]
    public async Task Writes_zeros_and_discards_of_a_guest_read_as_qemu_reads_them()
    {
        string image = images.File("disk.vhdx");
        QemuImg.Run("create", "-f", "vhdx", "-o", "block_size=1M", image, "16M");
        QemuImg.Io(image, "vhdx", "write -P 1 0 3M", "write -P 2 1500k 3k", "write -z 256k 64k", "write -P 3 9M 512", "write -P 4 15872k 512k");
        string raw = images.File("expected.raw");
        QemuImg.Run("convert", "-f", "vhdx", "-O", "raw", image, raw);
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(image, "vhdx", raw));
    }

    [QemuFact]
    public async Task A_disk_of_2_TiB_gives_only_its_data()
    {
        string image = images.File("disk.vhdx");
        QemuImg.Run("create", "-f", "vhdx", "-o", "block_size=1M", image, "2T");

        // With blocks of 1 MiB every 4096th block is followed by the place of a sector bitmap, so these are before and behind many.
        QemuImg.Io(image, "vhdx", "write -P 9 4095M 2M", "write -P 8 1500G 64k", "write -P 7 2097151M 1M");
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.Equal(2L << 40, disk.Length);
        List<DiskExtent> extents = await disk.ExtentsAsync();
        Assert.InRange(extents.Sum(extent => extent.Length), (3 << 20) + 65536, 4 << 20);
        foreach ((long offset, byte value) in new[] { (4095L << 20, (byte)9), (4096L << 20, (byte)9), (1500L << 30, (byte)8), ((2L << 40) - 512, (byte)7) })
        {
            Assert.Contains(extents, extent => extent.Offset <= offset && extent.End >= offset + 512);
            byte[] sector = new byte[512];
            await disk.ReadAsync(offset, sector, CancellationToken.None);
            Assert.All(sector, found => Assert.Equal(value, found));
        }
    }

    private async Task AssertReadsAsQemuReadsItAsync(string raw, string options)
    {
        string image = images.File("disk.vhdx");
        QemuImg.Run("convert", "-f", "raw", "-O", "vhdx", "-o", options, raw, image);
        string expected = images.File("expected.raw");
        QemuImg.Run("convert", "-f", "vhdx", "-O", "raw", image, expected);
        Assert.Equal(ImageDirectory.Digest(raw), ImageDirectory.Digest(expected));
        Assert.Empty(await DiskReading.AssertReadsLikeAsync(image, "vhdx", expected));
    }
}
