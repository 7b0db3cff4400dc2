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
}
