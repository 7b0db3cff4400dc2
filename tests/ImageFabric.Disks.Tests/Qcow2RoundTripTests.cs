namespace ImageFabric.Disks.Tests;

public sealed class Qcow2RoundTripTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public static TheoryData<string> Options()
    {
        var options = new TheoryData<string> { "compat=0.10", "compat=1.1", "compat=1.1,lazy_refcounts=on", "preallocation=metadata", "preallocation=full", "refcount_bits=1" };
        foreach (int size in new[] { 512, 1024, 4096, 16384, 65536, 262144, 2097152 })
            options.Add($"cluster_size={size}");
        foreach (int size in new[] { 16384, 65536, 2097152 })
            options.Add($"extended_l2=on,cluster_size={size}");
        options.Add("extended_l2=on,preallocation=metadata");
        options.Add("compat=0.10,cluster_size=512,preallocation=metadata");
        return options;
    }

    public static TheoryData<string, string> CompressedOptions()
    {
        var options = new TheoryData<string, string>();
        foreach (string type in new[] { "zlib", "zstd" })
        {
            foreach (int size in new[] { 512, 4096, 65536, 2097152 })
                options.Add(type, $"cluster_size={size}");
            options.Add(type, "extended_l2=on");
        }

        options.Add("zlib", "compat=0.10");
        return options;
    }

    public void Dispose() => images.Dispose();

    [QemuTheory]
    [MemberData(nameof(Options))]
    public async Task A_disk_reads_as_qemu_reads_it(string options)
    {
        string raw = images.MakeRaw("source.raw", (20 << 20) + 512);
        string qcow2 = images.File("disk.qcow2");
        QemuImg.Run("convert", "-f", "raw", "-O", "qcow2", "-o", options, raw, qcow2);
        await AssertReadsAsQemuReadsItAsync(qcow2, raw);
    }

    [QemuTheory]
    [MemberData(nameof(CompressedOptions))]
    public async Task Compressed_clusters_read_as_qemu_reads_them(string type, string options)
    {
        string raw = images.MakeRaw("source.raw", (9 << 20) + 1536);
        string qcow2 = images.File("disk.qcow2");
        string compression = type == "zlib" ? string.Empty : $",compression_type={type}";
        QemuImg.Run("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", options + compression, raw, qcow2);
        Assert.Contains("compressed", QemuImg.Run("map", "--output=json", qcow2) + QemuImg.Run("check", qcow2));
        await AssertReadsAsQemuReadsItAsync(qcow2, raw);
    }

    [QemuTheory]
    [InlineData("compat=1.1")]
    [InlineData("extended_l2=on")]
    [InlineData("cluster_size=4096")]
    [InlineData("preallocation=metadata")]
    public async Task Writes_zeros_and_discards_of_a_guest_read_as_qemu_reads_them(string options)
    {
        string qcow2 = images.File("disk.qcow2");
        QemuImg.Run("create", "-f", "qcow2", "-o", options, qcow2, "8M");
        QemuImg.Io(
            qcow2,
            "qcow2",
            "write -P 1 0 1M", "write -P 2 1500k 3k", "write -z 256k 64k", "write -z 400k 5k", "discard 512k 128k", "write -P 3 530k 512", "write -z -u 700k 70k", "write -P 4 8191k 1k");
        if (!options.StartsWith("preallocation", StringComparison.Ordinal))
            QemuImg.Io(qcow2, "qcow2", "write -c -P 5 2M 64k");
        string raw = images.File("expected.raw");
        QemuImg.Run("convert", "-O", "raw", qcow2, raw);
        await AssertReadsAsQemuReadsItAsync(qcow2, raw);
    }

    [QemuFact]
    public async Task Internal_snapshots_are_ignored_with_a_notice()
    {
        string qcow2 = images.File("disk.qcow2");
        QemuImg.Run("create", "-f", "qcow2", qcow2, "4M");
        QemuImg.Io(qcow2, "qcow2", "write -P 1 0 2M");
        QemuImg.Run("snapshot", "-c", "before", qcow2);
        QemuImg.Io(qcow2, "qcow2", "write -P 2 1M 2M");
        string raw = images.File("expected.raw");
        QemuImg.Run("convert", "-O", "raw", qcow2, raw);

        await AssertReadsAsQemuReadsItAsync(qcow2, raw);
        using ILogicalDisk disk = await DiskReading.OpenAsync(qcow2);
        Assert.Equal("SnapshotsIgnored", Assert.Single(disk.Notices).Id);
    }

    [QemuFact]
    public async Task Dirty_bitmaps_are_ignored_with_a_notice()
    {
        string qcow2 = images.File("disk.qcow2");
        QemuImg.Run("create", "-f", "qcow2", qcow2, "4M");
        QemuImg.Run("bitmap", "--add", qcow2, "changes");
        using ILogicalDisk disk = await DiskReading.OpenAsync(qcow2);
        Assert.Equal("BitmapsIgnored", Assert.Single(disk.Notices).Id);
    }

    [QemuFact]
    public async Task A_disk_of_1_TiB_gives_only_its_data()
    {
        string qcow2 = images.File("disk.qcow2");
        QemuImg.Run("create", "-f", "qcow2", qcow2, "1T");
        QemuImg.Io(qcow2, "qcow2", "write -P 9 700G 128k");
        using ILogicalDisk disk = await DiskReading.OpenAsync(qcow2);
        Assert.Equal(1L << 40, disk.Length);
        Assert.Equal([new DiskExtent(700L << 30, 128 << 10)], await disk.ExtentsAsync());
    }

    [QemuFact]
    public async Task Preallocated_clusters_without_data_in_the_file_are_left_out()
    {
        string qcow2 = images.File("disk.qcow2");
        QemuImg.Run("create", "-f", "qcow2", "-o", "preallocation=metadata", qcow2, "64G");
        QemuImg.Io(qcow2, "qcow2", "write -P 9 7G 1M");
        using ILogicalDisk disk = await DiskReading.OpenAsync(qcow2);
        List<DiskExtent> extents = await disk.ExtentsAsync();
        Assert.Contains(extents, extent => extent.Offset <= 7L << 30 && extent.End >= (7L << 30) + (1 << 20));
        Assert.InRange(extents.Sum(extent => extent.Length), 1 << 20, 16 << 20);
    }

    [QemuFact]
    public async Task A_file_that_ends_within_its_last_cluster_reads_as_qemu_reads_it()
    {
        string raw = images.MakeRaw("source.raw", 3 << 20);
        string qcow2 = images.File("disk.qcow2");
        QemuImg.Run("convert", "-S", "0", "-f", "raw", "-O", "qcow2", raw, qcow2);
        using (FileStream file = File.OpenWrite(qcow2))
            file.SetLength(file.Length - 20_000);
        QemuImg.Run("convert", "-f", "qcow2", "-O", "raw", qcow2, images.File("expected.raw"));
        await AssertReadsAsQemuReadsItAsync(qcow2, images.File("expected.raw"));
    }

    [QemuFact]
    public async Task Neighbouring_reads_within_a_compressed_cluster_give_its_parts()
    {
        string raw = images.MakeRaw("source.raw", 5 << 20);
        string qcow2 = images.File("disk.qcow2");
        QemuImg.Run("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "cluster_size=2M", raw, qcow2);
        using ILogicalDisk disk = await DiskReading.OpenAsync(qcow2);
        await disk.CopyToRawAsync(images.File("copy.raw"), readLength: 4096);
        Assert.Equal(ImageDirectory.Digest(raw), ImageDirectory.Digest(images.File("copy.raw")));
    }

    private static Task AssertReadsAsQemuReadsItAsync(string qcow2, string raw) => DiskReading.AssertReadsLikeAsync(qcow2, "qcow2", raw);
}
