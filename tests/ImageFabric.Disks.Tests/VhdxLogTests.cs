using System.Buffers.Binary;

namespace ImageFabric.Disks.Tests;

/// <summary>Files that were not closed properly. qemu replays such a log into the file when it repairs it; here it is replayed in memory.</summary>
public sealed class VhdxLogTests : IDisposable
{
    private const int LogSectors = 256;
    private static readonly Guid Log = new("0f2a7a52-35a1-4d0c-9d0b-6f0d3e5a7c11");

    private readonly ImageDirectory images = new();
    private readonly string image;
    private readonly VhdxPatch patch;
    private readonly VhdxLogCraft log;

    // 8 MiB in blocks of 1 MiB, of which the blocks 0, 1, 2 and 5 are in the file.
    public VhdxLogTests()
    {
        image = images.File("disk.vhdx");
        patch = new VhdxPatch(image);
        log = new VhdxLogCraft(image, Log);
        if (QemuImg.WhyNot is not null)
            return;
        QemuImg.Run("create", "-f", "vhdx", "-o", "block_size=1M", image, "8M");
        QemuImg.Io(image, "vhdx", "write -P 1 0 1M", "write -P 2 1M 1M", "write -P 3 2M 1M", "write -P 5 5M 1M");
    }

    public void Dispose() => images.Dispose();

    [QemuFact]
    public async Task A_change_of_the_table_and_of_data_is_replayed()
    {
        log.MarkHeaders();
        log.Write(0, log.Entry(1, 0, (patch.Bat, MovedTable(), 0), (Block(1) + 4096, Sector(7), 0), (Block(2) + 8192, null, 40_960)));
        await AssertReadsAsQemuRepairsItAsync();
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        byte[] byteOf = new byte[1];
        foreach ((long offset, byte value) in new[] { (0L, (byte)5), ((1L << 20) + 4096, (byte)7), (1L << 20, (byte)2), ((2L << 20) + 8192, (byte)0), (2L << 20, (byte)3), (5L << 20, (byte)1) })
        {
            await disk.ReadAsync(offset, byteOf, CancellationToken.None);
            Assert.Equal(value, byteOf[0]);
        }
    }

    [QemuTheory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(LogSectors - 3)]
    [InlineData(LogSectors - 1)]
    public async Task A_sequence_is_replayed_in_order_wherever_in_the_ring_it_begins(int first)
    {
        log.MarkHeaders();
        int next = log.Write(first, log.Entry(41, first, (Block(0), Sector(11), 0), (Block(0) + 4096, Sector(12), 0)));
        next = log.Write(next, log.Entry(42, first, (Block(0), null, 8192), (Block(1), Sector(13), 0)));
        log.Write(next, log.Entry(43, first, (Block(0) + 4096, Sector(14), 0), (Block(1), Sector(15), 0)));
        await AssertReadsAsQemuRepairsItAsync();
    }

    // qemu cannot: it reads the second sector of descriptors over the first.
    [QemuFact]
    public async Task More_descriptors_than_a_sector_holds_are_replayed()
    {
        log.MarkHeaders();
        log.Write(30, log.Entry(5, 30, [.. Enumerable.Range(0, 140).Select(i => (Block(1) + (i * 4096L), (byte[]?)Sector((byte)(i + 100)), 0L))]));
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        byte[] block = new byte[1 << 20];
        await disk.ReadAsync(1 << 20, block, CancellationToken.None);
        byte[] expected = [.. Enumerable.Range(0, 256).SelectMany(i => Sector(i < 140 ? (byte)(i + 100) : (byte)2))];
        Assert.Equal(expected, block);
    }

    [QemuFact]
    public async Task Of_two_sequences_the_later_one_is_replayed()
    {
        log.MarkHeaders();
        log.Write(200, log.Entry(9, 200, (Block(0), Sector(90), 0)));
        log.Write(10, log.Entry(4, 10, (Block(0), Sector(40), 0), (Block(1), Sector(41), 0)));
        await AssertReadsAsQemuRepairsItAsync();
    }

    [QemuFact]
    public async Task Entries_that_are_not_whole_are_left_out()
    {
        log.MarkHeaders();
        int next = log.Write(0, log.Entry(1, 0, (Block(0), Sector(20), 0)));
        byte[] torn = log.Entry(2, 0, (Block(0), Sector(21), 0), (Block(1), Sector(22), 0));
        torn[^100] ^= 1;
        log.Write(next, torn);
        await AssertReadsAsQemuRepairsItAsync();
    }

    [QemuFact]
    public async Task Entries_of_another_log_are_left_out()
    {
        log.MarkHeaders();
        int next = log.Write(0, log.Entry(1, 0, (Block(0), Sector(20), 0)));
        log.Write(next, new VhdxLogCraft(image, Guid.NewGuid()).Entry(2, 0, (Block(0), Sector(21), 0)));
        await AssertReadsAsQemuRepairsItAsync();
    }

    [QemuFact]
    public async Task A_sequence_that_does_not_hold_its_own_tail_is_no_sequence()
    {
        log.MarkHeaders();
        log.Write(0, log.Entry(1, 0, (Block(0), Sector(20), 0)));
        log.Write(50, log.Entry(7, 47, (Block(0), Sector(21), 0)));
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        byte[] byteOf = new byte[1];
        await disk.ReadAsync(0, byteOf, CancellationToken.None);
        Assert.Equal(20, byteOf[0]);
    }

    [QemuFact]
    public async Task What_stands_before_the_tail_is_not_replayed_again()
    {
        log.MarkHeaders();
        int second = log.Write(0, log.Entry(1, 0, (Block(0), Sector(20), 0)));
        log.Write(second, log.Entry(2, second, (Block(1), Sector(21), 0)));
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        byte[] byteOf = new byte[1];
        await disk.ReadAsync(0, byteOf, CancellationToken.None);
        Assert.Equal(1, byteOf[0]);
        await disk.ReadAsync(1 << 20, byteOf, CancellationToken.None);
        Assert.Equal(21, byteOf[0]);
    }

    [QemuFact]
    public async Task A_block_that_only_the_log_has_is_read_behind_the_end_of_the_file()
    {
        log.MarkHeaders();
        long end = new FileInfo(image).Length;
        byte[] table = patch.Read(patch.Bat, 4096);
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(3 * 8), (ulong)end | 6);
        log.Write(0, log.Entry(1, 0, end, end + VhdxPatch.MiB, (patch.Bat, table, 0), (end + 4096, Sector(33), 0)));
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        byte[] block = new byte[1 << 20];
        await disk.ReadAsync(3 << 20, block, CancellationToken.None);
        byte[] expected = new byte[1 << 20];
        Sector(33).CopyTo(expected.AsSpan(4096));
        Assert.Equal(expected, block);
        Assert.Contains(await disk.ExtentsAsync(), extent => extent.Offset <= (3 << 20) + 4096 && extent.End >= (3 << 20) + 8192);
    }

    [QemuFact]
    public async Task A_log_without_a_valid_sequence_is_refused()
    {
        log.MarkHeaders();
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuFact]
    public async Task A_file_that_was_cut_off_since_is_refused()
    {
        log.MarkHeaders();
        long end = new FileInfo(image).Length;
        log.Write(0, log.Entry(1, 0, end + 4096, end, (Block(0), Sector(20), 0)));
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuTheory]
    [InlineData(0, 4096)]
    [InlineData(65536, 4096)]
    [InlineData(1 << 20, 4096)]
    [InlineData(1L << 40, 4096)]
    [InlineData(192 << 10, 1L << 40)]
    [InlineData(192 << 10, 1 << 20)]
    [InlineData(4096, long.MaxValue & -4096)]
    public async Task A_change_of_what_a_log_cannot_change_is_refused(long offset, long zeroLength)
    {
        log.MarkHeaders();
        log.Write(0, log.Entry(1, 0, (offset, null, zeroLength)));
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuFact]
    public async Task A_log_of_a_version_that_is_not_known_is_refused()
    {
        log.MarkHeaders();
        log.Write(0, log.Entry(1, 0, (Block(0), Sector(20), 0)));
        patch.ChangeHeaders(header => header[64] = 1);
        await DiskReading.AssertRefusedAsync(image, "FormatFeatureNotSupported");
    }

    [QemuFact]
    public async Task A_log_larger_than_the_limit_is_refused_unless_it_is_empty()
    {
        QemuImg.Run("create", "-f", "vhdx", "-o", "block_size=1M,log_size=9M", image, "8M");
        (await DiskReading.OpenAsync(image)).Dispose();
        log.MarkHeaders();
        log.Write(0, log.Entry(1, 0, (patch.Bat, null, 4096)));
        await DiskReading.AssertRefusedAsync(image, "FormatFeatureNotSupported");
    }

    [QemuFact]
    public async Task A_file_longer_than_the_policy_allows_by_its_log_is_refused()
    {
        log.MarkHeaders();
        log.Write(0, log.Entry(1, 0, 0, long.MaxValue, (Block(0), Sector(20), 0)));
        await DiskReading.AssertRefusedAsync(image, "ImageTooLarge");
    }

    [QemuFact]
    public async Task A_log_full_of_changes_that_hide_each_other_is_replayed()
    {
        log.MarkHeaders();
        for (int sector = 0; sector < LogSectors; sector++)
            log.Write(sector, log.Entry((ulong)sector + 1, 0, [.. Enumerable.Range(0, 126).Select(i => (Block(0) + (sector * 2048L & -4096), (byte[]?)null, 4096L * (i + 1)))]));
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        byte[] block = new byte[1 << 20];
        await disk.ReadAsync(0, block, CancellationToken.None);

        // The last entries reach furthest: 126 sectors from the 127th on.
        const int Changed = (127 + 126) * 4096;
        Assert.False(block.AsSpan(0, Changed).ContainsAnyExcept((byte)0));
        Assert.False(block.AsSpan(Changed).ContainsAnyExcept((byte)1));
    }

    private static byte[] Sector(byte value) => [.. Enumerable.Repeat(value, 4096)];

    // Where in the file a block of the disk is.
    private long Block(int number) => (long)(patch.ReadUInt64(patch.Bat + (number * 8)) & ~0xffffful);

    // The blocks 0 and 5 change places, and 4 becomes zero by its state.
    private byte[] MovedTable()
    {
        byte[] table = patch.Read(patch.Bat, 4096);
        byte[] moved = (byte[])table.Clone();
        table.AsSpan(0, 8).CopyTo(moved.AsSpan(40));
        table.AsSpan(40, 8).CopyTo(moved);
        moved[32] = 2;
        return moved;
    }

    private async Task AssertReadsAsQemuRepairsItAsync()
    {
        byte[] before = ImageDirectory.Digest(image);
        string repaired = images.File("repaired.vhdx");
        File.Copy(image, repaired);
        QemuImg.Run("check", "-r", "all", "-f", "vhdx", repaired);
        QemuImg.Run("convert", "-f", "vhdx", "-O", "raw", repaired, images.File("expected.raw"));
        IReadOnlyList<DiskNotice> notices = await DiskReading.AssertReadsLikeAsync(image, "vhdx", images.File("expected.raw"));
        Assert.Equal("LogReplayed", Assert.Single(notices).Id);
        Assert.Equal(before, ImageDirectory.Digest(image));
    }
}
