using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Tests;

public sealed class FileSystemTests(XfsFileSystem xfs) : IClassFixture<XfsFileSystem>, IDisposable
{
    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [XfsFact]
    public void Cloned_blocks_have_the_content_and_stay_when_the_source_changes()
    {
        byte[] content = Noise(1 << 20);
        using SafeFileHandle source = Make(xfs.File("source"), content);
        using SafeFileHandle destination = Make(xfs.File("destination"), []);
        Assert.True(BlockClone.TryClone(source, 65536, destination, 4096, 8192));
        RandomAccess.Write(source, new byte[1 << 20], 0);

        byte[] found = new byte[8192];
        Assert.Equal(8192, RandomAccess.Read(destination, found, 4096));
        Assert.Equal(content[65536..(65536 + 8192)], found);
    }

    [XfsFact]
    public void The_kernel_copies_any_range_and_not_past_the_end_of_the_source()
    {
        byte[] content = Noise(100_000);
        using SafeFileHandle source = Make(xfs.File("copied"), content);
        using SafeFileHandle destination = Make(xfs.File("copy"), []);
        Assert.True(BlockClone.TryCopy(source, 1001, destination, 77, 90_000));
        byte[] found = new byte[90_000];
        Assert.Equal(90_000, RandomAccess.Read(destination, found, 77));
        Assert.Equal(content[1001..91_001], found);

        Assert.False(BlockClone.TryCopy(source, 99_000, destination, 0, 2000));
        Make(xfs.File("copy-unwritable"), []).Dispose();
        using SafeFileHandle unwritable = File.OpenHandle(xfs.File("copy-unwritable"), FileMode.Open, FileAccess.Read);
        Assert.Throws<IOException>(() => BlockClone.TryCopy(source, 0, unwritable, 0, 4096));
    }

    [XfsFact]
    public void What_files_share_is_counted_for_each_of_them()
    {
        using (SafeFileHandle source = Make(xfs.File("counted"), Noise(1 << 20)))
        {
            RandomAccess.FlushToDisk(source);
            Assert.Equal(new FileAllocation(1 << 20, 0), FileAllocation.Of(xfs.File("counted")));
            using SafeFileHandle destination = Make(xfs.File("counted-clone"), Noise(65536));
            for (int i = 1; i < 200; i++)
                Assert.True(BlockClone.TryClone(source, i * 4096, destination, i * 8192, 4096));
        }

        Assert.Equal(199 * 4096, FileAllocation.Of(xfs.File("counted")).SharedLength);
        FileAllocation clone = FileAllocation.Of(xfs.File("counted-clone"));
        Assert.Equal(199 * 4096, clone.SharedLength);
        // Seven of the sixteen blocks it had before are replaced.
        Assert.InRange(clone.AllocatedLength, (199 + 9) * 4096, 2 << 20);
    }

    [XfsFact]
    public void A_file_is_in_use_as_long_as_somebody_has_it_open()
    {
        using (Make(xfs.File("open"), Noise(4096)))
            Assert.True(FileUse.IsOpen(xfs.File("open")));
        using (File.OpenHandle(xfs.File("open")))
            Assert.True(FileUse.IsOpen(xfs.File("open")));
        Assert.False(FileUse.IsOpen(xfs.File("open")));
    }

    [LinuxFact]
    public void A_path_over_links_is_the_file_itself()
    {
        Directory.CreateDirectory(images.File("real"));
        File.WriteAllText(images.File("real/disk.raw"), "disk");
        Directory.CreateSymbolicLink(images.File("way"), images.File("real"));
        File.CreateSymbolicLink(images.File("real/link.raw"), "disk.raw");
        Assert.Equal(RealPath.Of(images.File("real/disk.raw")), RealPath.Of(images.File("way/link.raw")));
        Assert.Equal(images.File("nowhere/disk.raw"), RealPath.Of(images.File("way/../nowhere/disk.raw")));
    }

    [XfsFact]
    public void A_range_the_file_system_cannot_share_gives_false_and_changes_nothing()
    {
        using SafeFileHandle source = Make(xfs.File("odd-source"), Noise(65536));
        using SafeFileHandle destination = Make(xfs.File("odd-destination"), []);
        Assert.False(BlockClone.TryClone(source, 100, destination, 0, 4096));
        Assert.False(BlockClone.TryClone(source, 0, destination, 0, 5000));
        Assert.Equal(0, RandomAccess.GetLength(destination));
    }

    [XfsFact]
    public void Another_file_system_gives_false()
    {
        using SafeFileHandle source = Make(xfs.File("local"), Noise(65536));
        using SafeFileHandle destination = Make(images.File("remote"), []);
        Assert.False(BlockClone.TryClone(source, 0, destination, 0, 65536));
    }

    [XfsFact]
    public void A_failure_that_copying_would_meet_too_is_an_error()
    {
        using SafeFileHandle source = Make(xfs.File("readable"), Noise(65536));
        Make(xfs.File("unwritable"), []).Dispose();
        using SafeFileHandle destination = File.OpenHandle(xfs.File("unwritable"), FileMode.Open, FileAccess.Read);
        Assert.Throws<IOException>(() => BlockClone.TryClone(source, 0, destination, 0, 65536));
    }

    [XfsFact]
    public async Task Chunks_of_a_seed_are_cloned_into_a_qcow2_where_it_locates_them()
    {
        byte[] content = Noise(1 << 20);
        using SafeFileHandle seed = Make(xfs.File("seed.raw"), content);
        string image = xfs.File("disk.qcow2");
        DiskExtent[] extents = [new(12288, 400_000 & ~4095), new(700 << 10, 4096)];
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, "qcow2", 1 << 20, 512, extents, CancellationToken.None))
        {
            foreach (DiskExtent extent in extents)
                Assert.True(BlockClone.TryClone(seed, extent.Offset, target.Handle, target.Locate(extent.Offset).FileOffset, extent.Length));
            await target.CompleteAsync(CancellationToken.None);
        }

        byte[] expected = new byte[1 << 20];
        foreach (DiskExtent extent in extents)
            content.AsSpan((int)extent.Offset, (int)extent.Length).CopyTo(expected.AsSpan((int)extent.Offset));
        await File.WriteAllBytesAsync(images.File("expected.raw"), expected);
        Assert.Contains("No errors were found", QemuImg.Run("check", image));
        Assert.Contains("identical", QemuImg.Run("compare", "-f", "raw", "-F", "qcow2", images.File("expected.raw"), image));
    }

    [XfsFact]
    public async Task A_block_device_is_a_raw_disk_of_its_size()
    {
        byte[] content = new byte[4096];
        using ILogicalDisk disk = await DiskReading.OpenAsync(xfs.Device);
        Assert.Equal(("raw", XfsFileSystem.DeviceLength), (disk.Format, disk.Length));
        await disk.ReadAsync(0, content, CancellationToken.None);
        Assert.Equal("XFSB"u8, content.AsSpan(0, 4));
        Assert.Equal([new DiskExtent(0, disk.Length)], await disk.ExtentsAsync());
    }

    [XfsFact]
    public async Task A_full_file_system_is_said_to_be_full()
    {
        byte[] piece = Noise(8 << 20);
        string image = xfs.File("big.raw");
        await using (IDiskTarget target = await DiskTarget.OpenAsync(image, "raw", 1L << 30, 512, [new DiskExtent(0, 1L << 30)], CancellationToken.None))
        {
            DiskException error = await Assert.ThrowsAsync<DiskException>(async () =>
            {
                for (long offset = 0; offset < 1L << 30; offset += piece.Length)
                    await target.WriteAsync(offset, piece, CancellationToken.None);
            });
            Assert.Equal("HostDiskFull", error.Id);
        }

        File.Delete(image);
    }

    [Theory]
    [InlineData(-1, 0, 4096)]
    [InlineData(0, -1, 4096)]
    [InlineData(0, 0, 0)]
    public void Ranges_that_are_none_are_refused(long sourceOffset, long destinationOffset, long length)
    {
        using SafeFileHandle file = Make(images.File("file"), []);
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockClone.TryClone(file, sourceOffset, file, destinationOffset, length));
    }

    [Fact]
    public void A_directory_is_flushed() => DirectorySync.Flush(Path.GetDirectoryName(images.File("x"))!);

    [LinuxFact]
    public void A_directory_that_is_not_there_cannot_be_flushed() => Assert.Throws<IOException>(() => DirectorySync.Flush(images.File("none")));

    private static SafeFileHandle Make(string path, byte[] content)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.Write(file, content, 0);
        return file;
    }

    private static byte[] Noise(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
