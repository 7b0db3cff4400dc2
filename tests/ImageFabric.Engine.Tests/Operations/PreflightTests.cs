using System.IO.Compression;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>What is known of a disk before it is published, what of it the store keeps, and what a policy keeps out.</summary>
public sealed class PreflightTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();
    private readonly TestStore store;

    public PreflightTests() => store = TestStore.InDirectory(scratch["store"]);

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public async Task A_disk_is_described_and_its_description_published()
    {
        string disk = MakeBootable();
        string qcow2 = scratch["disk.qcow2"];
        QemuImg.Convert(disk, "raw", qcow2, "-O", "qcow2");
        QemuImg.Run("snapshot", "-c", "before", qcow2);

        TestResult test = (await EngineProgram.RunAsync("test", qcow2, "--json")).Result<TestResult>();
        Assert.Equal(("qcow2", "v3", 512, "MBR", "BIOS"), (test.Format, test.Subformat, test.SectorSize, test.PartitionTable, test.BootMode));
        Assert.Equal("SnapshotsIgnored", Assert.Single(test.Issues!).Id);

        (await store.PublishAsync(qcow2, "1")).Succeeded();
        ImageResult listed = (await store.RunAsync("list", "disk:1")).Result<ImageResult>();
        Assert.Equal((null, "MBR", "BIOS"), (listed.SectorSize, listed.PartitionTable, listed.BootMode));
        string text = (await EngineProgram.RunAsync("test", qcow2)).Succeeded().Output;
        Assert.Contains("MBR partition table, boots by BIOS", text);
        Assert.Contains("SnapshotsIgnored", text);
    }

    /// <summary>Only a VHDX says how large its sectors are; of other files the disk's own GPT tells.</summary>
    [EngineFact]
    public async Task Sectors_of_4096_bytes_are_known_to_the_end()
    {
        string disk = scratch["disk.raw"];
        WriteTableOf4096(disk);
        Assert.Equal(4096, (await EngineProgram.RunAsync("test", disk, "--json")).Result<TestResult>().SectorSize);
        Assert.Equal("SectorSizeNotAllowed", (await store.PublishAsync(disk, "1", "--max-sector-size", "512")).Failure().Id);
        (await store.PublishAsync(disk, "1")).Succeeded();
        Assert.Equal(4096, (await store.RunAsync("list", "disk:1")).Result<ImageResult>().SectorSize);

        foreach (string name in new[] { "out.VHDX", "out.qcow2", "out.img" })
        {
            string output = (await store.PullAsync("1", scratch[name])).Result<PullResult>().Path;
            Assert.Equal(4096, (await EngineProgram.RunAsync("test", output, "--json")).Result<TestResult>().SectorSize);
        }

        Assert.Equal("FormatFeatureNotSupported", (await store.PullAsync("1", scratch["out.vhd"])).Failure().Id);
    }

    [EngineFact]
    public async Task A_device_or_pipe_is_not_replaced_by_a_file()
    {
        string disk = MakeBootable();
        (await store.PublishAsync(disk, "1")).Succeeded();
        string pipe = scratch["pipe"];
        using (System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [pipe]))
            await make.WaitForExitAsync();
        Assert.Equal("OutputExists", (await store.PullAsync("1", pipe, "--force")).Failure().Id);
        Assert.Equal("OutputExists", (await store.PullAsync("1", "/dev/null", "--force")).Failure().Id);
        Assert.False(File.Exists(pipe + ".partial"));
    }

    [EngineTheory]
    [InlineData("ImageTooLarge", "--max-virtual-size", "1M")]
    [InlineData("ImageTooLarge", "--max-file-size", "100K")]
    [InlineData("FormatNotAllowed", "--allow-format", "qcow2", "--allow-format", "vhdx")]
    [InlineData("SectorSizeNotAllowed", "--min-sector-size", "4096")]
    [InlineData("InvalidRequest", "--allow-format", "tape")]
    [InlineData("InvalidRequest", "--max-sector-size", "520")]
    public async Task What_the_policy_keeps_out_is_refused_before_the_store_is_touched(string id, params string[] options)
    {
        string disk = MakeBootable();
        Assert.Equal(id, (await store.PublishAsync(disk, "1", options)).Failure().Id);
        Assert.Equal(id, (await EngineProgram.RunAsync(["test", disk, "--json", .. options])).Failure().Id);
        Assert.False(Directory.Exists(scratch["store"]));
    }

    [EngineFact]
    public async Task An_error_says_where_in_the_file_it_is()
    {
        string qcow2 = scratch["disk.qcow2"];
        QemuImg.Run("create", "-f", "raw", scratch["base.raw"], "1M");
        QemuImg.Run("create", "-f", "qcow2", "-b", scratch["base.raw"], "-F", "raw", qcow2);
        ErrorEvent error = (await EngineProgram.RunAsync("test", qcow2, "--json")).Failure();
        Assert.Equal(("ForeignReference", 8L), (error.Id, error.Offset));
    }

    [EngineFact]
    public async Task A_compressed_disk_is_the_same_image_in_one_pass()
    {
        string disk = MakeBootable();
        string packed = scratch["disk.raw.gz"];
        await using (var gzip = new GZipStream(File.Create(packed), CompressionLevel.Fastest))
        await using (FileStream raw = File.OpenRead(disk))
            await raw.CopyToAsync(gzip);

        PublishResult first = (await store.PublishAsync(packed, "1")).Result<PublishResult>();
        PublishResult again = (await store.PublishAsync(packed, "1")).Result<PublishResult>();
        PublishResult plain = (await store.PublishAsync(disk, "2")).Result<PublishResult>();

        Assert.Equal((plain.ImageId, 4 * Mebi), (first.ImageId, first.VirtualSize));
        Assert.Equal((false, 0), (again.Created, plain.PacksUploaded));
        TestResult test = (await EngineProgram.RunAsync("test", packed, "--json")).Result<TestResult>();
        Assert.Equal(("raw", "gzip", 4 * Mebi, "MBR"), (test.Format, test.Subformat, test.VirtualSize, test.PartitionTable));

        byte[] half = (await File.ReadAllBytesAsync(packed))[..^1000];
        await File.WriteAllBytesAsync(packed, half);
        Assert.Equal("ImageCorrupt", (await store.PublishAsync(packed, "3")).Failure().Id);
        Assert.Empty((await store.RunAsync("list", "disk:3")).Succeeded().Results<ImageResult>());
    }

    // One active partition behind boot code.
    private string MakeBootable()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 4 * Mebi, 2 * Mebi);
        byte[] sector = new byte[512];
        sector[0] = 0xeb;
        sector[446] = 0x80;
        sector[450] = 0x83;
        BitConverter.TryWriteBytes(sector.AsSpan(454), 2048);
        BitConverter.TryWriteBytes(sector.AsSpan(458), 4096);
        (sector[510], sector[511]) = (0x55, 0xaa);
        using FileStream file = File.Open(disk, FileMode.Open);
        file.Write(sector);
        return disk;
    }

    private static void WriteTableOf4096(string path)
    {
        const int Sector = 4096;
        byte[] disk = new byte[2 << 20];
        (disk[450], disk[510], disk[511]) = (0xee, 0x55, 0xaa);
        BitConverter.TryWriteBytes(disk.AsSpan(454), 1);
        BitConverter.TryWriteBytes(disk.AsSpan(458), (disk.Length / Sector) - 1);
        Span<byte> entries = disk.AsSpan(2 * Sector, 128 * 128);
        new Guid("0fc63daf-8483-4772-8e79-3d69d8477de4").TryWriteBytes(entries);
        BitConverter.TryWriteBytes(entries[16..], 1L);
        BitConverter.TryWriteBytes(entries[32..], 6L);
        BitConverter.TryWriteBytes(entries[40..], 100L);
        Span<byte> header = disk.AsSpan(Sector, 92);
        "EFI PART"u8.CopyTo(header);
        BitConverter.TryWriteBytes(header[8..], 0x10000);
        BitConverter.TryWriteBytes(header[12..], 92);
        BitConverter.TryWriteBytes(header[24..], 1L);
        BitConverter.TryWriteBytes(header[32..], (disk.Length / (long)Sector) - 1);
        BitConverter.TryWriteBytes(header[72..], 2L);
        BitConverter.TryWriteBytes(header[80..], 128);
        BitConverter.TryWriteBytes(header[84..], 128);
        BitConverter.TryWriteBytes(header[88..], System.IO.Hashing.Crc32.HashToUInt32(entries));
        BitConverter.TryWriteBytes(header[16..], System.IO.Hashing.Crc32.HashToUInt32(header));
        File.WriteAllBytes(path, disk);
    }
}
