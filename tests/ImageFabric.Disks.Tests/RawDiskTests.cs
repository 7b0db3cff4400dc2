namespace ImageFabric.Disks.Tests;

public sealed class RawDiskTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(4097)]
    [InlineData((10 << 20) + 333)]
    public async Task A_disk_of_any_size_reads_as_its_file(int length)
    {
        string raw = images.File("disk.raw");
        byte[] content = new byte[length];
        new Random(5).NextBytes(content);
        await File.WriteAllBytesAsync(raw, content);
        using ILogicalDisk disk = await DiskReading.OpenAsync(raw);
        Assert.Equal("raw", disk.Format);
        Assert.Equal(length, disk.Length);
        await disk.CopyToRawAsync(images.File("copy.raw"), readLength: 65536);
        Assert.Equal(content, await File.ReadAllBytesAsync(images.File("copy.raw")));
        await disk.AssertReadsLikeAsync(raw);
        disk.ThrowIfChanged();
    }

    [Fact]
    public async Task A_sparse_disk_of_1_TiB_gives_only_its_data()
    {
        string raw = images.File("disk.raw");
        using (FileStream file = File.Create(raw))
        {
            file.SetLength((1L << 40) + 100);
            file.Position = 500L << 30;
            file.Write(new byte[4096]);
        }

        using ILogicalDisk disk = await DiskReading.OpenAsync(raw);
        Assert.Equal((1L << 40) + 100, disk.Length);
        DiskExtent extent = Assert.Single(await disk.ExtentsAsync());
        Assert.InRange(extent.Offset, (500L << 30) - 65536, 500L << 30);
        Assert.InRange(extent.Length, 4096, 1 << 20);
    }

    [Fact]
    public async Task A_disk_that_is_a_hole_gives_no_extents_and_reads_as_zero()
    {
        string raw = images.File("disk.raw");
        using (FileStream file = File.Create(raw))
            file.SetLength(1 << 20);
        using ILogicalDisk disk = await DiskReading.OpenAsync(raw);
        Assert.Empty(await disk.ExtentsAsync());
        byte[] buffer = [1, 2, 3];
        await disk.ReadAsync(1000, buffer, CancellationToken.None);
        Assert.Equal(new byte[3], buffer);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(1000, 1)]
    [InlineData(999, 2)]
    public async Task Reads_outside_the_disk_are_refused(long offset, int length)
    {
        string raw = images.File("disk.raw");
        await File.WriteAllBytesAsync(raw, new byte[1000]);
        using ILogicalDisk disk = await DiskReading.OpenAsync(raw);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => disk.ReadAsync(offset, new byte[length], CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task A_file_that_is_written_to_meanwhile_is_noticed()
    {
        string raw = images.MakeRaw("disk.raw", 1 << 20);
        File.SetLastWriteTimeUtc(raw, new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        using ILogicalDisk disk = await DiskReading.OpenAsync(raw);
        disk.ThrowIfChanged();
        await using (var writer = new FileStream(raw, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            writer.WriteByte(0xff);
        Assert.Equal("SourceChanged", Assert.Throws<DiskException>(disk.ThrowIfChanged).Id);
    }

    [Fact]
    public async Task A_file_that_shrinks_meanwhile_is_noticed_by_the_read()
    {
        string raw = images.MakeRaw("disk.raw", 1 << 20);
        using ILogicalDisk disk = await DiskReading.OpenAsync(raw);
        await using (var writer = new FileStream(raw, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            writer.SetLength(1000);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => disk.ReadAsync(900, new byte[200], CancellationToken.None).AsTask());
        Assert.Equal("SourceChanged", error.Id);
    }
}
