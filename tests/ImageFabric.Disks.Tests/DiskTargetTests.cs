namespace ImageFabric.Disks.Tests;

public sealed class DiskTargetTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public static TheoryData<string, long> Sizes()
    {
        var sizes = new TheoryData<string, long>();
        foreach (string format in DiskTarget.Formats)
        {
            foreach (long size in new long[] { 1, 511, 4097, 65536, (8 << 20) + 777, (600L << 20) + 512 })
                sizes.Add(format, size);
        }

        return sizes;
    }

    public static TheoryData<string> EveryFormat() => new(DiskTarget.Formats);

    public static TheoryData<string> EveryFormatButRaw() => new(DiskTarget.Formats.Where(format => format != "raw"));

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [MemberData(nameof(Sizes))]
    public async Task A_written_disk_is_identical_for_qemu(string format, long length)
    {
        string raw = images.MakeRaw("source.raw", length);
        string image = images.File("disk.img");
        await CopyAsync(raw, image, format, Blocks(raw, 4096));
        AssertIdentical(raw, image, format);
    }

    [QemuTheory]
    [InlineData(4096)]
    [InlineData(65536)]
    [InlineData(1 << 20)]
    public async Task Parts_of_a_cluster_that_no_extent_covers_read_as_zero(int blockLength)
    {
        string raw = images.MakeRaw("source.raw", 30 << 20, seed: 3);
        string image = images.File("disk.qcow2");
        await CopyAsync(raw, image, "qcow2", Blocks(raw, blockLength));
        AssertIdentical(raw, image, "qcow2");
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        await disk.AssertReadsLikeAsync(raw);
    }

    [QemuTheory]
    [MemberData(nameof(EveryFormat))]
    public async Task A_disk_without_data_is_valid(string format)
    {
        string image = images.File("disk.img");
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, format, 1L << 40, 512, [], CancellationToken.None))
            await target.CompleteAsync(CancellationToken.None);
        Check(image, format);
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.Equal(1L << 40, disk.Length);
        Assert.Empty(await disk.ExtentsAsync());
    }

    [QemuTheory]
    [MemberData(nameof(EveryFormat))]
    public async Task A_disk_with_extents_in_a_hundred_thousand_places_is_valid(string format)
    {
        string image = images.File("disk.img");
        DiskExtent[] extents = [.. Enumerable.Range(0, 100_000).Select(i => new DiskExtent(i * 10_240L * 1024, 4096))];
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, format, 1L << 40, 512, extents, CancellationToken.None))
        {
            foreach (int i in new[] { 0, 50_001, 99_999 })
                await target.WriteAsync(extents[i].Offset, Filled(4096, (byte)(i % 251 + 1)), CancellationToken.None);
            await target.CompleteAsync(CancellationToken.None);
        }

        Check(image, format);
        QemuImg.Io(image, QemuName(format), $"read -P {50_001 % 251 + 1} {extents[50_001].Offset} 4096", $"read -P 0 {extents[7].Offset} 64k");
    }

    [QemuFact]
    public async Task A_file_past_one_refcount_block_and_a_fully_mapped_terabyte_are_valid()
    {
        string image = images.File("disk.qcow2");
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, "qcow2", 1L << 40, 512, [new DiskExtent(0, 1L << 40)], CancellationToken.None))
        {
            await target.WriteAsync((1L << 40) - 4096, Filled(4096, 7), CancellationToken.None);
            await target.CompleteAsync(CancellationToken.None);
        }

        Check(image, "qcow2");
        QemuImg.Io(image, "qcow2", $"read -P 7 {(1L << 40) - 4096} 4096");
    }

    [QemuTheory]
    [MemberData(nameof(EveryFormat))]
    public async Task An_interrupted_file_goes_on_with_what_was_written(string format)
    {
        string raw = images.MakeRaw("source.raw", 20 << 20);
        string image = images.File("disk.img");
        List<DiskExtent> extents = Blocks(raw, 4096);
        await using (IDiskTarget first = await OpenAsync(raw, image, format, extents))
            await WriteAsync(first, raw, extents.Take(extents.Count / 2));
        await using (IDiskTarget second = await OpenAsync(raw, image, format, extents))
        {
            await WriteAsync(second, raw, extents.Skip(extents.Count / 2));
            await second.CompleteAsync(CancellationToken.None);
        }

        AssertIdentical(raw, image, format);
    }

    [QemuTheory]
    [MemberData(nameof(EveryFormat))]
    public async Task What_an_earlier_run_left_outside_the_extents_does_not_stay(string format)
    {
        string raw = images.MakeRaw("source.raw", 20 << 20);
        string image = images.File("disk.img");
        List<DiskExtent> extents = Blocks(raw, 4096);
        long length;
        await using (IDiskTarget target = await OpenAsync(raw, image, format, extents))
            length = RandomAccess.GetLength(target.Handle);
        await File.WriteAllBytesAsync(image, Filled((int)length, 0xee));

        await CopyAsync(raw, image, format, extents);
        AssertIdentical(raw, image, format);
    }

    [QemuTheory]
    [MemberData(nameof(EveryFormat))]
    public async Task A_file_of_another_shape_is_made_anew(string format)
    {
        string raw = images.MakeRaw("source.raw", 5 << 20);
        string image = images.File("disk.img");
        await File.WriteAllBytesAsync(image, Filled(100_000, 0xee));
        await CopyAsync(raw, image, format, Blocks(raw, 4096));
        AssertIdentical(raw, image, format);
    }

    [Theory]
    [MemberData(nameof(EveryFormatButRaw))]
    public async Task A_file_is_of_its_format_only_when_it_is_complete_and_no_longer_when_reopened(string format)
    {
        string image = images.File("disk.img");
        DiskExtent[] extents = [new(0, 65536)];
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, format, 1 << 20, 512, extents, CancellationToken.None))
            await target.WriteAsync(0, Filled(65536, 1), CancellationToken.None);
        Assert.Equal("raw", await FormatAsync(image));

        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, format, 1 << 20, 512, extents, CancellationToken.None))
            await target.CompleteAsync(CancellationToken.None);
        Assert.Equal(format.Split('-')[0], await FormatAsync(image));

        await (await DiskTarget.OpenAsync(image, format, 1 << 20, 512, extents, CancellationToken.None)).DisposeAsync();
        Assert.Equal("raw", await FormatAsync(image));
    }

    [Fact]
    public async Task A_file_that_is_being_filled_is_nobody_elses()
    {
        string image = images.File("disk.img");
        DiskExtent[] extents = [new(0, 65536)];
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, "raw", 1 << 20, 512, extents, CancellationToken.None))
        {
            await target.WriteAsync(0, Filled(65536, 1), CancellationToken.None);

            DiskException written = await Assert.ThrowsAsync<DiskException>(() => DiskTarget.OpenAsync(image, "raw", 2 << 20, 512, extents, CancellationToken.None));
            DiskException read = await Assert.ThrowsAsync<DiskException>(() => FormatAsync(image));
            await target.CompleteAsync(CancellationToken.None);
            Assert.Equal(("HostWriteFailed", "FileUnreadable"), (written.Id, read.Id));
        }

        Assert.Equal(Filled(65536, 1), (await File.ReadAllBytesAsync(image))[..65536]);
        Assert.Equal(1 << 20, new FileInfo(image).Length);
    }

    [Theory]
    [MemberData(nameof(EveryFormat))]
    public async Task Located_bytes_are_where_the_file_says(string format)
    {
        string image = images.File("disk.img");
        DiskExtent[] extents = [new(4096, 8192), new(12288, 4096), new(1 << 20, 200_000)];
        await using IDiskTarget target = await DiskTarget.OpenAsync(image, format, 2 << 20, 512, extents, CancellationToken.None);
        await target.WriteAsync((1 << 20) + 100_000, Filled(1000, 5), CancellationToken.None);
        (long fileOffset, long contiguous) = target.Locate((1 << 20) + 100_000);
        Assert.Equal(100_000, contiguous);
        byte[] found = new byte[1000];
        RandomAccess.Read(target.Handle, found, fileOffset);
        Assert.Equal(Filled(1000, 5), found);

        Assert.Equal(12288, target.Locate(4096).Contiguous);
        Assert.Throws<ArgumentOutOfRangeException>(() => target.Locate(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => target.Locate(16384));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => target.WriteAsync(12288, new byte[4097], CancellationToken.None).AsTask());
    }

    [QemuFact]
    public async Task A_vmdk_with_tables_far_apart_and_many_side_by_side_is_valid()
    {
        string image = images.File("disk.vmdk");
        DiskExtent[] extents = [new(0, 10L << 30), new(20L << 30, 4096), new((21L << 30) + 4096, 1), new(1L << 40, 100)];
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, "vmdk", 2L << 40, 512, extents, CancellationToken.None))
        {
            await target.WriteAsync((10L << 30) - 4096, Filled(4096, 7), CancellationToken.None);
            foreach (DiskExtent extent in extents[1..])
                await target.WriteAsync(extent.Offset, Filled((int)extent.Length, 8), CancellationToken.None);
            await target.CompleteAsync(CancellationToken.None);
        }

        Check(image, "vmdk");
        QemuImg.Io(image, "vmdk", $"read -P 7 {(10L << 30) - 4096} 4096", $"read -P 8 {20L << 30} 4096", $"read -P 8 {(21L << 30) + 4096} 1", $"read -P 0 {21L << 30} 4096", $"read -P 8 {1L << 40} 100");

        // A guest can write where no data was.
        QemuImg.Io(image, "vmdk", $"write -P 9 {1500L << 30} 64k");
        Check(image, "vmdk");
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        Assert.Contains(new DiskExtent(1500L << 30, 65536), await disk.ExtentsAsync());
    }

    [Fact]
    public async Task Data_that_a_vmdk_has_no_room_for_is_refused()
    {
        DiskException error = await Assert.ThrowsAsync<DiskException>(
            () => DiskTarget.OpenAsync(images.File("disk.vmdk"), "vmdk", 3L << 40, 512, [new DiskExtent(0, 2L << 40)], CancellationToken.None));
        Assert.Equal("ImageTooLarge", error.Id);
        Assert.False(File.Exists(images.File("disk.vmdk")));
    }

    [Fact]
    public async Task Arguments_that_make_no_disk_are_refused()
    {
        string image = images.File("disk.img");
        await Assert.ThrowsAsync<ArgumentException>(() => DiskTarget.OpenAsync(image, "floppy", 4096, 512, [], CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => DiskTarget.OpenAsync(image, "raw", 0, 512, [], CancellationToken.None));
        foreach (DiskExtent[] extents in new DiskExtent[][] { [new(0, 0)], [new(4096, 1)], [new(100, 10), new(105, 10)], [new(long.MaxValue, 10)], [new(-1, 10)] })
            await Assert.ThrowsAsync<ArgumentException>(() => DiskTarget.OpenAsync(image, "qcow2", 4096, 512, extents, CancellationToken.None));
        Assert.False(File.Exists(image));
    }

    [Fact]
    public async Task A_directory_that_is_not_there_is_an_error_of_the_host()
    {
        DiskException error = await Assert.ThrowsAsync<DiskException>(
            () => DiskTarget.OpenAsync(images.File("none/disk.img"), "raw", 4096, 512, [], CancellationToken.None));
        Assert.Equal("HostWriteFailed", error.Id);
    }

    private static void AssertIdentical(string raw, string image, string format)
    {
        Check(image, format);
        Assert.Contains("identical", QemuImg.Run("compare", "-f", "raw", "-F", QemuName(format), raw, image));
    }

    // qemu checks neither raw files nor VHDs.
    private static void Check(string image, string format)
    {
        if (QemuName(format) is not ("raw" or "vpc") and var name)
            Assert.Contains("No errors were found", QemuImg.Run("check", "-f", name, image));
    }

    private static string QemuName(string format) => format.Split('-')[0] is "vhd" ? "vpc" : format.Split('-')[0];

    private static async Task<string> FormatAsync(string image)
    {
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        return disk.Format;
    }

    private static Task<IDiskTarget> OpenAsync(string raw, string image, string format, List<DiskExtent> extents) =>
        DiskTarget.OpenAsync(image, format, new FileInfo(raw).Length, 512, extents, CancellationToken.None);

    private static async Task CopyAsync(string raw, string image, string format, List<DiskExtent> extents)
    {
        await using IDiskTarget target = await OpenAsync(raw, image, format, extents);
        await WriteAsync(target, raw, extents);
        await target.CompleteAsync(CancellationToken.None);
    }

    // In no order and from several threads, as a pull does it.
    private static async Task WriteAsync(IDiskTarget target, string raw, IEnumerable<DiskExtent> extents)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle source = File.OpenHandle(raw);
        DiskExtent[] shuffled = [.. extents];
        new Random(8).Shuffle(shuffled);
        await Parallel.ForEachAsync(shuffled, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (extent, cancellationToken) =>
        {
            byte[] data = new byte[extent.Length];
            await RandomAccess.ReadAsync(source, data, extent.Offset, cancellationToken);
            await target.WriteAsync(extent.Offset, data, cancellationToken);
        });
    }

    // One extent per block that is not zero.
    private static List<DiskExtent> Blocks(string raw, int length)
    {
        List<DiskExtent> extents = [];
        byte[] block = new byte[length];
        using FileStream file = File.OpenRead(raw);
        for (long offset = 0; file.ReadAtLeast(block, length, throwOnEndOfStream: false) is > 0 and var count; offset += count)
        {
            if (block.AsSpan(0, count).ContainsAnyExcept((byte)0))
                extents.Add(new DiskExtent(offset, count));
        }

        return extents;
    }

    private static byte[] Filled(int length, byte value)
    {
        byte[] data = new byte[length];
        data.AsSpan().Fill(value);
        return data;
    }
}
