namespace ImageFabric.Disks.Tests;

/// <summary>Formats whose data is compressed when it is written.</summary>
public sealed class PackedDiskTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    public static TheoryData<string, long> Disks()
    {
        var data = new TheoryData<string, long>();
        foreach (string format in PackedDisk.Formats)
        {
            foreach (long length in new[] { 512L, 65536, (1 << 20) + 512, 5 << 20, (40 << 20) + 1024 })
                data.Add(format, length);
        }

        return data;
    }

    [QemuTheory]
    [MemberData(nameof(Disks))]
    public async Task Qemu_finds_the_file_in_order_and_the_disk_in_it(string format, long length)
    {
        string raw = images.MakeRaw("disk.raw", length, seed: 5);
        string packed = images.File("packed." + format);
        long done = 0;
        using (ILogicalDisk disk = await DiskReading.OpenAsync(raw))
            await PackedDisk.WriteAsync(disk, packed, format, new Progress(value => done = value), CancellationToken.None);
        string qemu = format.Split('-')[0];
        Assert.Contains("No errors", QemuImg.Run("check", "-f", qemu, packed), StringComparison.Ordinal);
        Assert.Contains("identical", QemuImg.Run("compare", "-f", "raw", "-F", qemu, raw, packed), StringComparison.Ordinal);
        Assert.InRange(done, 0, length + 65535);
        await DiskReading.AssertReadsLikeAsync(packed, qemu, raw);
        using ILogicalDisk again = await DiskReading.OpenAsync(packed);
        Assert.Equal(format == "vmdk-stream" ? "streamOptimized" : "v3", again.Subformat);
    }

    [QemuTheory]
    [InlineData("vmdk-stream")]
    [InlineData("qcow2-zstd")]
    public async Task A_sparse_disk_of_two_TiB_costs_what_its_data_costs(string format)
    {
        string raw = images.File("sparse.raw");
        using (FileStream file = File.Create(raw))
        {
            file.SetLength(2L << 40);
            byte[] text = new byte[100_000];
            new Random(3).NextBytes(text.AsSpan(0, 20_000));
            foreach (long at in new[] { 0L, 600L << 30, (2L << 40) - text.Length })
            {
                file.Position = at;
                file.Write(text);
            }
        }

        string packed = images.File("packed");
        using (ILogicalDisk disk = await DiskReading.OpenAsync(raw))
            await PackedDisk.WriteAsync(disk, packed, format, null, CancellationToken.None);
        Assert.InRange(new FileInfo(packed).Length, 60_000, 3 << 20);
        Assert.Contains("identical", QemuImg.Run("compare", "-f", "raw", "-F", format.Split('-')[0], raw, packed), StringComparison.Ordinal);
    }

    [QemuTheory]
    [InlineData("vmdk-stream", "qcow2-zstd")]
    public async Task A_file_that_was_not_finished_is_none(params string[] formats)
    {
        string raw = images.MakeRaw("disk.raw", 20 << 20, seed: 6);
        foreach (string format in formats)
        {
            string packed = images.File(format);
            using var stop = new CancellationTokenSource();
            using ILogicalDisk disk = await DiskReading.OpenAsync(raw);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PackedDisk.WriteAsync(disk, packed, format, new Progress(value => stop.Cancel()), stop.Token));
            using ILogicalDisk found = await DiskReading.OpenAsync(packed);
            Assert.Equal("raw", found.Format);
        }
    }

    private sealed class Progress(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}
