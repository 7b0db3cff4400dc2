namespace ImageFabric.Disks.Tests;

/// <summary>One damage each, with the id and, where it is one number of the file, the place that the error names.</summary>
public sealed class VmdkDamageTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [InlineData(4, 0u, "FormatNotSupported")]
    [InlineData(4, 4u, "FormatNotSupported")]
    [InlineData(8, 0x103u, "FormatFeatureNotSupported")]
    [InlineData(8, 0x20003u, "FormatFeatureNotSupported")]
    [InlineData(12, 0x7fffffffu, "ImageCorrupt")]
    [InlineData(16, 0x7fffffffu, "ImageCorrupt")]
    [InlineData(20, 0u, "ImageCorrupt")]
    [InlineData(20, 4u, "ImageCorrupt")]
    [InlineData(20, 127u, "ImageCorrupt")]
    [InlineData(24, 1u, "ImageCorrupt")]
    [InlineData(28, 0u, "FormatNotSupported")]
    [InlineData(28, 0xffffffu, "ImageCorrupt")]
    [InlineData(32, 0xffffffffu, "ImageCorrupt")]
    [InlineData(36, 0xffffffffu, "ImageCorrupt")]
    [InlineData(44, 0u, "ImageCorrupt")]
    [InlineData(44, 511u, "ImageCorrupt")]
    [InlineData(56, 0u, "ImageCorrupt")]
    [InlineData(56, 0xffffffu, "ImageCorrupt")]
    [InlineData(60, 0x80000000u, "ImageCorrupt")]
    [InlineData(64, 0xffffffu, "ImageCorrupt")]
    public async Task A_header_field_that_makes_no_sense_is_refused(int field, uint value, string id)
    {
        string image = MakeSparse();
        VmdkPatch.Write(image, field, value);
        DiskException error = await DiskReading.AssertRefusedAsync(image, id);
        if (field is not (12 or 16))
            Assert.InRange(error.Offset ?? -1, field - 4, field);
    }

    [QemuTheory]
    [InlineData(72, 1)]
    [InlineData(73, 13)]
    [InlineData(77, 1)]
    public async Task A_header_byte_that_makes_no_sense_is_refused(int field, byte value)
    {
        string image = MakeSparse();
        VmdkPatch.WriteBytes(image, field, [value]);
        Assert.Equal(field, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task An_unknown_compression_is_refused()
    {
        string image = MakeSparse();
        VmdkPatch.WriteBytes(image, 77, [2]);
        await DiskReading.AssertRefusedAsync(image, "FormatFeatureNotSupported");
    }

    [QemuTheory]
    [InlineData("parentCID=ffffffff", "parentCID=12345678", "ForeignReference")]
    [InlineData("parentCID=ffffffff", "parentCID=ffffffff\nparentCID=0", "ForeignReference")]
    [InlineData("parentCID=ffffffff", "parentCID=ffffffff\nPARENTFILENAMEHINT = \"/etc/passwd\"", "ForeignReference")]
    [InlineData("parentCID=ffffffff", "junk", "ImageCorrupt")]
    [InlineData("parentCID=ffffffff\n", "", "ImageCorrupt")]
    [InlineData("version=1", "encryptionKeys=\"x\"", "FormatFeatureNotSupported")]
    [InlineData("CID=", "CID=z", "ForeignReference")]
    [InlineData("SPARSE \"disk.vmdk\"", "FLAT \"/etc/passwd\" 0", "ForeignReference")]
    [InlineData("SPARSE \"disk.vmdk\"", "VMFSSPARSE \"disk.vmdk\"", "ForeignReference")]
    [InlineData("SPARSE \"disk.vmdk\"", "SESPARSE \"disk.vmdk\"", "ForeignReference")]
    [InlineData("SPARSE \"disk.vmdk\"", "SPARSE \"disk.vmdk\"\nRW 20480 SPARSE \"disk.vmdk\"", "ForeignReference")]
    [InlineData("SPARSE \"disk.vmdk\"", "SPARSE \"disk.vmdk\"\njunk\nRW 20480 FLAT \"nbd://host/disk\" 0", "ForeignReference")]
    [InlineData("SPARSE \"disk.vmdk\"", "SPARSE \"disk.vmdk", "ImageCorrupt")]
    [InlineData("SPARSE \"disk.vmdk\"", "SPARSE \"disk.vmdk\" 128", "ImageCorrupt")]
    [InlineData("SPARSE \"disk.vmdk\"", "ZERO", "ImageCorrupt")]
    [InlineData("RW 81920 SPARSE", "RW 81921 SPARSE", "ImageCorrupt")]
    [InlineData("RW 81920 SPARSE", "RW 81792 SPARSE", "ImageCorrupt")]
    [InlineData("RW 81920 SPARSE", "RW -1 SPARSE", "ImageCorrupt")]
    [InlineData("RW 81920 SPARSE", "RW 99999999999999999999 SPARSE", "ImageCorrupt")]
    public async Task A_descriptor_that_leads_elsewhere_or_is_malformed_is_refused(string old, string replacement, string id)
    {
        string image = MakeSparse();
        VmdkPatch.Replace(image, old, replacement);
        Assert.True((await DiskReading.AssertRefusedAsync(image, id)).Offset >= VmdkPatch.DescriptorOffset);
    }

    [QemuFact]
    public async Task A_parent_is_refused_before_other_faults_are_looked_at()
    {
        string image = MakeSparse();
        VmdkPatch.Replace(image, "parentCID=ffffffff", "junk\nparentCID=12345678");
        VmdkPatch.Write(image, 20, 0);
        VmdkPatch.Write(image, 56, 0xffffffff);
        await DiskReading.AssertRefusedAsync(image, "ForeignReference");
    }

    [QemuTheory]
    [InlineData(0x00ffffffu)]
    [InlineData(0xffffffffu)]
    public async Task A_directory_entry_that_leads_out_of_the_file_is_refused(uint entry)
    {
        string image = MakeSparse();
        long place = VmdkPatch.GrainDirectory(image) + 4;
        VmdkPatch.Write(image, place, entry);
        Assert.Equal(place, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuTheory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(20u)]
    public async Task Grain_tables_that_overlap_each_other_or_the_header_are_refused(uint sector)
    {
        string image = MakeSparse();
        long directory = VmdkPatch.GrainDirectory(image);
        VmdkPatch.Write(image, directory + 4, sector == 0 ? VmdkPatch.Read(image, directory) + 1 : sector);
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuTheory]
    [InlineData(0x00ffffffu)]
    [InlineData(0xffffffffu)]
    public async Task A_grain_that_is_not_within_the_file_is_refused(uint entry)
    {
        string image = MakeSparse();
        long place = VmdkPatch.FirstGrainTable(image) + 8;
        VmdkPatch.Write(image, place, entry);
        Assert.Equal(place, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
    }

    [QemuFact]
    public async Task A_grain_that_lies_in_a_table_is_refused()
    {
        string image = MakeSparse();
        long table = VmdkPatch.FirstGrainTable(image);
        foreach (uint sector in new[] { 1u, (uint)(VmdkPatch.GrainDirectory(image) / 512), (uint)(table / 512) })
        {
            VmdkPatch.Write(image, table + 4, sector);
            Assert.Equal(sector * 512L, (await DiskReading.AssertRefusedAsync(image, "ImageCorrupt")).Offset);
        }
    }

    [QemuFact]
    public async Task A_file_that_was_cut_off_is_refused()
    {
        string image = MakeSparse();
        long length = new FileInfo(image).Length;
        foreach (long cut in new[] { length - 65536, 65536 + 512, 30_000, 9000, 512, 100 })
        {
            Cut(image, cut);
            await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
        }
    }

    [QemuTheory]
    [InlineData(0, 0xff)]
    [InlineData(8, 0)]
    [InlineData(10, 0xff)]
    [InlineData(20, 0xff)]
    public async Task A_compressed_grain_that_is_damaged_is_refused_when_it_is_read(int offset, byte value)
    {
        string image = MakeStream();
        VmdkPatch.WriteBytes(image, StreamOptimizedVmdk.FirstGrain + offset, offset == 8 ? new byte[4] : [value]);
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        foreach (int length in new[] { 100, 65536 })
        {
            DiskException error = await Assert.ThrowsAsync<DiskException>(() => disk.ReadAsync(0, new byte[length], CancellationToken.None).AsTask());
            Assert.Equal(("ImageCorrupt", StreamOptimizedVmdk.FirstGrain), (error.Id, error.Offset));
        }
    }

    [QemuFact]
    public async Task A_compressed_grain_that_another_entry_leads_to_is_refused_when_it_is_read()
    {
        string image = MakeStream();
        long directory = VmdkPatch.Read(image, new FileInfo(image).Length - 1024 + VmdkPatch.GrainDirectoryField) * 512L;
        long table = VmdkPatch.Read(image, directory) * 512L;
        VmdkPatch.Write(image, table + 4, VmdkPatch.Read(image, table));
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        await disk.ReadAsync(0, new byte[65536], CancellationToken.None);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => disk.ReadAsync(65536, new byte[65536], CancellationToken.None).AsTask());
        Assert.Equal("ImageCorrupt", error.Id);
    }

    [QemuTheory]
    [InlineData(0, 1)]
    [InlineData(0, 512)]
    [InlineData(0, 1024)]
    [InlineData(12, 0)]
    [InlineData(512, 0)]
    [InlineData(512 + 12, 0)]
    [InlineData(1024 + 12, 0)]
    public async Task A_file_that_does_not_end_with_a_footer_is_refused(int damaged, int cut)
    {
        string image = MakeStream();
        long length = new FileInfo(image).Length;
        if (cut > 0)
            Cut(image, length - cut);
        else
            VmdkPatch.WriteBytes(image, length - 1536 + damaged, [0x55]);
        await DiskReading.AssertRefusedAsync(image, "ImageCorrupt");
    }

    [QemuFact]
    public async Task A_grain_that_decompresses_to_more_than_a_grain_is_refused()
    {
        string image = MakeStream();
        var bomb = new MemoryStream();
        using (var stream = new System.IO.Compression.ZLibStream(bomb, System.IO.Compression.CompressionLevel.SmallestSize, leaveOpen: true))
            stream.Write(new byte[4 << 20]);
        VmdkPatch.Write(image, StreamOptimizedVmdk.FirstGrain + 8, (uint)bomb.Length);
        VmdkPatch.WriteBytes(image, StreamOptimizedVmdk.FirstGrain + 12, bomb.ToArray());
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => disk.ReadAsync(0, new byte[65536], CancellationToken.None).AsTask());
        Assert.Equal(("ImageCorrupt", StreamOptimizedVmdk.FirstGrain), (error.Id, error.Offset));
    }

    [Theory]
    [InlineData("COWD")]
    [InlineData("\u00be\u00ba\u00fe\u00ca\0\0\0\0")]
    public async Task Kinds_that_only_ESX_writes_are_refused(string mark)
    {
        string image = images.File("disk.vmdk");
        await File.WriteAllBytesAsync(image, [.. System.Text.Encoding.Latin1.GetBytes(mark), .. new byte[5000]]);
        await DiskReading.AssertRefusedAsync(image, "FormatNotSupported");
    }

    [QemuFact]
    public async Task A_disk_without_a_sector_is_empty()
    {
        QemuImg.Run("create", "-f", "vmdk", images.File("disk.vmdk"), "0");
        await DiskReading.AssertRefusedAsync(images.File("disk.vmdk"), "ImageEmpty");
    }

    [QemuFact]
    public async Task The_disk_is_held_to_the_limit_of_the_policy()
    {
        string image = MakeSparse();
        DiskException error = await Assert.ThrowsAsync<DiskException>(
            () => DiskImage.OpenAsync(image, new DiskPolicy { MaximumVirtualLength = (40 << 20) - 1 }, CancellationToken.None));
        Assert.Equal("ImageTooLarge", error.Id);
    }

    private static void Cut(string image, long length)
    {
        using FileStream file = File.OpenWrite(image);
        file.SetLength(length);
    }

    // 40 MiB, so two grain tables, of which the first is in use, with two grains.
    private string MakeSparse()
    {
        string image = images.File("disk.vmdk");
        QemuImg.Run("create", "-f", "vmdk", image, "40M");
        QemuImg.Io(image, "vmdk", "write -P 1 0 128k");
        return image;
    }

    [Fact]
    public async Task A_grain_that_asks_for_a_dictionary_is_damaged()
    {
        string image = MakeStream();
        // zlib's header (RFC 1950): deflate, a window of 32 KiB, FDICT set, and its check right.
        using (FileStream file = File.OpenWrite(image))
        {
            file.Position = StreamOptimizedVmdk.FirstGrain + 12;
            file.Write([0x78, 0x20]);
        }

        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        DiskException error = await Assert.ThrowsAsync<DiskException>(async () => await disk.ReadAsync(0, new byte[4096], CancellationToken.None));
        Assert.Equal("ImageCorrupt", error.Id);
    }

    private string MakeStream()
    {
        string raw = images.File("source.raw");
        File.WriteAllText(raw, string.Concat(Enumerable.Range(100_000, 50_000)));
        using (FileStream file = File.OpenWrite(raw))
            file.SetLength(1 << 20);
        string image = images.File("disk.vmdk");
        StreamOptimizedVmdk.Make(raw, image);
        return image;
    }
}
