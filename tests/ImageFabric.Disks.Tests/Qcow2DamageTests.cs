namespace ImageFabric.Disks.Tests;

/// <summary>One damage each, and the place in the file that the error names.</summary>
public sealed class Qcow2DamageTests : IDisposable
{
    private const ulong Used = 1ul << 63;
    private const ulong Compressed = 1ul << 62;

    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [InlineData(Used | (1ul << 40))]
    [InlineData(Used | 0x8200)]
    [InlineData(Used | 0x50001)]
    [InlineData(Used | 0x50000 | (1ul << 57))]
    public async Task An_L1_entry_that_leads_to_no_L2_table_is_refused(ulong entry)
    {
        string image = MakeImage();
        long place = Qcow2Patch.L1Table(image) + 8;
        Qcow2Patch.Write(image, place, entry);
        Assert.Equal(place, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuTheory]
    [InlineData(Used | 0x8200)]
    [InlineData(Used | 0x50002)]
    [InlineData(Used | 0x50000 | (1ul << 57))]
    [InlineData(Used | (1ul << 40))]
    [InlineData(Compressed | (1ul << 40))]
    [InlineData(Compressed | 0x60000 | (0xfful << 54))]
    public async Task An_L2_entry_that_leads_to_no_cluster_is_refused(ulong entry)
    {
        string image = MakeImage();
        long place = Qcow2Patch.FirstL2Table(image) + 16;
        Qcow2Patch.Write(image, place, entry);
        Assert.Equal(place, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuTheory]
    [InlineData(0x0000_0001_0000_0001ul)]
    [InlineData(0x0001_0000_0001_0000ul)]
    public async Task A_subcluster_that_is_both_allocated_and_zero_is_refused(ulong bitmap)
    {
        string image = MakeImage("extended_l2=on");
        long table = Qcow2Patch.FirstL2Table(image);
        Qcow2Patch.Write(image, table + 8, bitmap);
        Assert.Equal(table, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task A_subcluster_that_is_allocated_without_a_cluster_is_refused()
    {
        string image = MakeImage("extended_l2=on");
        long table = Qcow2Patch.FirstL2Table(image);
        Qcow2Patch.Write(image, table, 0ul);
        Assert.Equal(table, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuTheory]
    [InlineData("compat=0.10")]
    [InlineData("extended_l2=on")]
    public async Task A_zero_flag_is_refused_where_the_format_has_none(string options)
    {
        string image = MakeImage(options);
        long table = Qcow2Patch.FirstL2Table(image);
        Qcow2Patch.Write(image, table, Qcow2Patch.Read(image, table) | 1);
        Assert.Equal(table, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task Two_L1_entries_that_lead_to_one_L2_table_are_refused()
    {
        string image = MakeImage();
        long l1 = Qcow2Patch.L1Table(image);
        Qcow2Patch.Write(image, l1 + 8, Qcow2Patch.Read(image, l1));
        Assert.Equal(Qcow2Patch.FirstL2Table(image), (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuTheory]
    [InlineData(40)]
    [InlineData(48)]
    [InlineData(0)]
    public async Task Data_that_lies_in_a_table_is_refused(int tableField)
    {
        string image = MakeImage();
        long l2 = Qcow2Patch.FirstL2Table(image);
        ulong table = tableField == 0 ? (ulong)l2 : Qcow2Patch.Read(image, tableField);
        Qcow2Patch.Write(image, l2 + 8, table | Used);
        Assert.Equal((long)table, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task Compressed_data_that_lies_within_a_table_is_refused()
    {
        string image = MakeImage();
        long l2 = Qcow2Patch.FirstL2Table(image);
        Qcow2Patch.Write(image, l2 + 8, Compressed | (ulong)(l2 + 4096));
        Assert.Equal(l2 + 4096, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuTheory]
    [InlineData("zlib")]
    [InlineData("zstd")]
    public async Task A_compressed_cluster_that_is_damaged_is_refused_when_it_is_read(string type)
    {
        string raw = images.File("source.raw");
        await File.WriteAllTextAsync(raw, string.Concat(Enumerable.Range(0, 20_000)));
        string image = images.File("disk.qcow2");
        QemuImg.Run("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", $"compression_type={type}", raw, image);
        long place = (long)(Qcow2Patch.Read(image, Qcow2Patch.FirstL2Table(image)) & ((1ul << 54) - 1));
        Qcow2Patch.WriteBytes(image, place, [0xff, 0xff, 0xff, 0xff]);

        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        foreach (int length in new[] { 100, 65536 })
        {
            DiskException error = await Assert.ThrowsAsync<DiskException>(() => disk.ReadAsync(0, new byte[length], CancellationToken.None).AsTask());
            Assert.Equal(("ImageCorrupt", place), (error.Id, error.Offset));
        }
    }

    [QemuFact]
    public async Task Two_tables_in_one_place_are_refused()
    {
        string image = MakeImage();
        Qcow2Patch.Write(image, 48, (ulong)Qcow2Patch.L1Table(image));
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    // 1.5 GiB, so three L1 entries, of which the first is in use, with two clusters of data.
    private string MakeImage(string options = "compat=1.1")
    {
        string image = images.File("disk.qcow2");
        QemuImg.Run("create", "-f", "qcow2", "-o", options, image, "1536M");
        QemuImg.Io(image, "qcow2", "write -P 1 0 128k");
        return image;
    }
}
