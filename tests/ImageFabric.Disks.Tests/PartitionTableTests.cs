using System.Diagnostics;
using System.IO.Hashing;
using ImageFabric.Disks.Partitions;

namespace ImageFabric.Disks.Tests;

/// <summary>A test on partition tables that sfdisk makes; skipped, and shown as such, where it is not installed.</summary>
public sealed class SfdiskTheoryAttribute : TheoryAttribute
{
    public SfdiskTheoryAttribute() => Skip = PartitionTableTests.Sfdisk is null ? "sfdisk is not installed" : null;
}

/// <summary>As <see cref="SfdiskTheoryAttribute"/>, without data.</summary>
public sealed class SfdiskFactAttribute : FactAttribute
{
    public SfdiskFactAttribute() => Skip = PartitionTableTests.Sfdisk is null ? "sfdisk is not installed" : null;
}

/// <summary>What a disk's first sectors say of its partitions and of how it boots.</summary>
public sealed class PartitionTableTests : IDisposable
{
    private const long DiskLength = 64 << 20;
    private const string EfiSystem = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
    private const string BiosBoot = "21686148-6449-6E6F-744E-656564454649";

    private readonly ImageDirectory images = new();

    public static string? Sfdisk { get; } = new[] { "/sbin/sfdisk", "/usr/sbin/sfdisk" }.FirstOrDefault(File.Exists);

    public void Dispose() => images.Dispose();

    [SfdiskTheory]
    [InlineData("label: dos\nstart=2048, size=4096, type=83, bootable\nstart=8192, type=82", true, PartitionScheme.Mbr, BootModes.Bios, 2)]
    [InlineData("label: dos\nstart=2048, type=83", false, PartitionScheme.Mbr, BootModes.None, 1)]
    [InlineData("label: dos\nstart=2048, size=4096, type=ef\nstart=8192, type=83", false, PartitionScheme.Mbr, BootModes.Uefi, 2)]
    [InlineData("label: gpt\nsize=4096, type=" + EfiSystem + "\ntype=linux", false, PartitionScheme.Gpt, BootModes.Uefi, 2)]
    [InlineData("label: gpt\nsize=2048, type=" + BiosBoot + "\nsize=4096, type=" + EfiSystem + "\ntype=linux", true, PartitionScheme.Gpt, BootModes.Bios | BootModes.Uefi, 3)]
    [InlineData("label: gpt\nsize=2048, type=" + BiosBoot + "\ntype=linux", false, PartitionScheme.Gpt, BootModes.None, 2)]
    // As Windows leaves it: boot code in the protective record of a disk that boots by UEFI only.
    [InlineData("label: gpt\nsize=4096, type=" + EfiSystem, true, PartitionScheme.Gpt, BootModes.Uefi, 1)]
    [InlineData("label: gpt\ntype=linux, attrs=LegacyBIOSBootable", true, PartitionScheme.Gpt, BootModes.Bios, 1)]
    public async Task Tables_of_sfdisk_are_understood(string script, bool bootCode, PartitionScheme scheme, BootModes modes, int partitions)
    {
        PartitionTable table = await ReadAsync(Make(script, bootCode));
        Assert.Equal((scheme, modes, partitions), (table.Scheme, table.BootModes, table.Partitions.Count));
        Assert.Equal(512, table.SectorSize);
        Assert.Empty(table.Notices);
        Assert.All(table.Partitions, p => Assert.InRange(p.Offset + p.Length, 1 << 20, DiskLength));
        Assert.Equal(1 << 20, table.Partitions[0].Offset);
    }

    [SfdiskFact]
    public async Task Sectors_of_4096_bytes_are_found_by_the_table_itself()
    {
        string image = Empty();
        Run(Sfdisk!.Replace("sfdisk", "fdisk", StringComparison.Ordinal), ["-b", "4096", image], "g\nn\n1\n\n+8M\nt\n1\nw\n");
        PartitionTable table = await ReadAsync(image);
        Assert.Equal((PartitionScheme.Gpt, BootModes.Uefi, 4096), (table.Scheme, table.BootModes, table.SectorSize));
        Assert.Equal(8 << 20, table.Partitions[0].Length);
    }

    [SfdiskTheory]
    [InlineData(512 + 16, "PrimaryPartitionTableDamaged", 1)]
    [InlineData((512 * 2) + 60, "PrimaryPartitionTableDamaged", 1)]
    [InlineData(DiskLength - 512 + 16, "BackupPartitionTableMissing", 1)]
    public async Task One_damaged_copy_of_a_table_is_made_up_for_by_the_other(long offset, string notice, int partitions)
    {
        string image = Make("label: gpt\nsize=8M, type=" + EfiSystem, bootCode: false);
        Flip(image, offset);
        PartitionTable table = await ReadAsync(image);
        Assert.Equal((PartitionScheme.Gpt, BootModes.Uefi, partitions), (table.Scheme, table.BootModes, table.Partitions.Count));
        Assert.Equal(notice, Assert.Single(table.Notices).Id);
    }

    [SfdiskTheory]
    [InlineData(0L)]
    [InlineData(10L << 20)]
    public async Task A_disk_that_was_grown_has_its_copy_elsewhere(long more)
    {
        string image = Make("label: gpt\ntype=linux", bootCode: false);
        using (FileStream file = File.OpenWrite(image))
            file.SetLength(DiskLength + more);
        Assert.Equal(more == 0 ? [] : ["BackupPartitionTableMissing"], (await ReadAsync(image)).Notices.Select(n => n.Id));
    }

    [SfdiskFact]
    public async Task Both_copies_damaged_are_a_notice_and_no_error()
    {
        string image = Make("label: gpt\ntype=linux", bootCode: false);
        Flip(image, 512 + 40);
        Flip(image, DiskLength - 512 + 40);
        PartitionTable table = await ReadAsync(image);
        Assert.Equal((PartitionScheme.Gpt, BootModes.None, 0), (table.Scheme, table.BootModes, table.Partitions.Count));
        Assert.Equal("PartitionTableDamaged", Assert.Single(table.Notices).Id);
    }

    [SfdiskFact]
    public async Task Tables_of_chance_cost_no_time_and_no_error()
    {
        string image = Make("label: gpt\nsize=8M, type=" + EfiSystem, bootCode: true);
        byte[] start = (await File.ReadAllBytesAsync(image))[..(34 * 512)];
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] mutated = (byte[])start.Clone();
            for (int n = random.Next(1, 8); n > 0; n--)
                mutated[random.Next(seed % 2 == 0 ? 512 + 92 : mutated.Length)] = (byte)random.Next(256);
            // A header that is right in itself leads further.
            if (seed % 3 == 0)
                Reseal(mutated);
            await PartitionTable.ReadAsync(new BytesDisk(mutated), CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_disk_without_a_table_has_none()
    {
        byte[] fat = new byte[1 << 20];
        (fat[510], fat[511]) = (0x55, 0xaa);
        // A file system's boot code where partitions would be.
        fat.AsSpan(446, 64).Fill(0x3c);
        foreach (byte[] content in new[] { new byte[1 << 20], new byte[100], fat })
        {
            using var disk = new BytesDisk(content);
            Assert.Equal(PartitionScheme.None, (await PartitionTable.ReadAsync(disk, CancellationToken.None)).Scheme);
        }
    }

    [Fact]
    public async Task Sizes_and_formats_outside_of_the_policy_are_refused()
    {
        string raw = images.MakeRaw("disk.raw", 1 << 20);
        await AssertRefusedAsync("FormatNotAllowed", new DiskPolicy { AllowedFormats = ["qcow2", "vhdx"] });
        await AssertRefusedAsync("SectorSizeNotAllowed", new DiskPolicy { MinimumSectorSize = 4096 });
        (await DiskImage.OpenAsync(raw, new DiskPolicy { AllowedFormats = ["raw"], MaximumSectorSize = 512 }, CancellationToken.None)).Dispose();

        async Task AssertRefusedAsync(string id, DiskPolicy policy) =>
            Assert.Equal(id, (await Assert.ThrowsAsync<DiskException>(() => DiskImage.OpenAsync(raw, policy, CancellationToken.None))).Id);
    }

    private static async Task<PartitionTable> ReadAsync(string image)
    {
        using ILogicalDisk disk = await DiskReading.OpenAsync(image);
        return await PartitionTable.ReadAsync(disk, CancellationToken.None);
    }

    private string Make(string script, bool bootCode)
    {
        string image = Empty();
        Run(Sfdisk!, ["-q", image], script + "\n");
        if (bootCode)
            Write(image, 0, 0xeb);
        return image;
    }

    private string Empty()
    {
        string image = images.File("disk.raw");
        using FileStream file = File.Create(image);
        file.SetLength(DiskLength);
        return image;
    }

    private static void Run(string program, string[] arguments, string input)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + error.Result);
    }

    private static void Flip(string image, long offset)
    {
        using FileStream file = File.Open(image, FileMode.Open);
        file.Position = offset;
        int value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 0x40));
    }

    private static void Write(string image, long offset, byte value)
    {
        using FileStream file = File.Open(image, FileMode.Open);
        file.Position = offset;
        file.WriteByte(value);
    }

    private static void Reseal(byte[] disk)
    {
        Span<byte> header = disk.AsSpan(512, 92);
        header.Slice(16, 4).Clear();
        BitConverter.TryWriteBytes(header[16..], Crc32.HashToUInt32(header));
    }

    /// <summary>A disk of these bytes.</summary>
    private sealed class BytesDisk(byte[] content) : ILogicalDisk
    {
        public string Format => "raw";

        public long Length => content.Length;

        public long FileLength => content.Length;

        public IReadOnlyList<DiskNotice> Notices => [];

        public IAsyncEnumerable<DiskExtent> ReadExtentsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            content.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
            return ValueTask.CompletedTask;
        }

        public void ThrowIfChanged()
        {
        }

        public void Dispose()
        {
        }
    }
}
