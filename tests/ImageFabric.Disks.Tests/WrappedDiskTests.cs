using System.Diagnostics;

namespace ImageFabric.Disks.Tests;

/// <summary>A test of files that a program of the system compresses; skipped, and shown as such, where it is missing.</summary>
public sealed class CompressorTheoryAttribute : TheoryAttribute
{
    public CompressorTheoryAttribute() =>
        Skip = new[] { "gzip", "xz", "zstd" }.FirstOrDefault(tool => !File.Exists("/usr/bin/" + tool) && !File.Exists("/bin/" + tool)) is { } missing ? $"{missing} is not installed" : null;
}

/// <summary>Disks that are compressed as a whole.</summary>
public sealed class WrappedDiskTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [CompressorTheory]
    [InlineData("gzip")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public async Task A_raw_disk_reads_from_front_to_back_as_often_as_one_likes(string tool)
    {
        string raw = images.MakeRaw("disk.raw", (5 << 20) + 700);
        string packed = Compress(tool, raw);
        using ILogicalDisk disk = await DiskReading.OpenAsync(packed);
        Assert.Equal(("raw", tool, true), (disk.Format, disk.Subformat, disk.IsSequential));
        for (int pass = 0; pass < 2; pass++)
        {
            await using var copy = new FileStream(images.File("copy.raw"), FileMode.Create);
            await foreach (DiskExtent extent in disk.ReadExtentsAsync(CancellationToken.None))
            {
                byte[] part = new byte[extent.Length];
                await disk.ReadAsync(extent.Offset, part, CancellationToken.None);
                copy.Position = extent.Offset;
                copy.Write(part);
            }

            copy.SetLength(disk.Length);
            await copy.DisposeAsync();
            Assert.Equal(ImageDirectory.Digest(raw), ImageDirectory.Digest(images.File("copy.raw")));
        }

        disk.ThrowIfChanged();
    }

    [CompressorTheory]
    [InlineData(0x50)]
    [InlineData(0x5a)]
    [InlineData(0x5f)]
    public async Task Zstd_behind_a_frame_to_skip_is_read(byte first)
    {
        string packed = Compress("zstd", images.MakeRaw("disk.raw", 3 << 20));
        File.WriteAllBytes(packed, [first, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3, .. File.ReadAllBytes(packed)]);
        Assert.Equal(3 << 20, await ReadAllAsync(packed, DiskPolicy.Default));
    }

    [CompressorTheory]
    [InlineData("gzip")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public async Task Several_pieces_one_after_the_other_are_one_disk(string tool)
    {
        string first = Compress(tool, images.MakeRaw("a.raw", 3 << 20));
        string second = Compress(tool, images.MakeRaw("b.raw", 1 << 20));
        File.WriteAllBytes(images.File("both"), [.. File.ReadAllBytes(first), .. File.ReadAllBytes(second)]);
        Assert.Equal(4 << 20, await ReadAllAsync(images.File("both"), DiskPolicy.Default));
    }

    [CompressorTheory]
    [InlineData("gzip")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public async Task Damage_and_an_early_end_are_found(string tool)
    {
        string packed = Compress(tool, images.MakeRaw("disk.raw", 6 << 20));
        byte[] whole = await File.ReadAllBytesAsync(packed);
        foreach (int cut in new[] { whole.Length / 3, whole.Length - 9, whole.Length - 1 })
        {
            await File.WriteAllBytesAsync(packed, whole[..cut]);
            DiskException error = await Assert.ThrowsAsync<DiskException>(() => ReadAllAsync(packed, DiskPolicy.Default));
            Assert.True(error.Id == "ImageCorrupt", $"{cut} of {whole.Length}: {error.Id}");
        }

        byte[] damaged = (byte[])whole.Clone();
        for (int at = whole.Length / 2; at < (whole.Length / 2) + 40; at++)
            damaged[at] ^= 0x5a;
        await File.WriteAllBytesAsync(packed, damaged);
        Assert.Equal("ImageCorrupt", (await Assert.ThrowsAsync<DiskException>(() => ReadAllAsync(packed, DiskPolicy.Default))).Id);
    }

    [CompressorTheory]
    [InlineData("gzip")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public async Task What_expands_without_end_is_stopped_at_the_limit(string tool)
    {
        string zeros = images.File("zeros.raw");
        using (FileStream file = File.Create(zeros))
            file.SetLength(300 << 20);
        string packed = Compress(tool, zeros);
        Assert.InRange(new FileInfo(packed).Length, 1, 1 << 20);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => ReadAllAsync(packed, new DiskPolicy { MaximumVirtualLength = 20 << 20 }));
        Assert.Equal("ImageTooLarge", error.Id);
        Assert.Equal(300 << 20, await ReadAllAsync(packed, DiskPolicy.Default));
    }

    [CompressorTheory]
    [InlineData("qcow2", "gzip")]
    [InlineData("vmdk", "xz")]
    [InlineData("vhdx", "zstd")]
    [InlineData("vpc", "gzip")]
    public async Task Another_format_inside_is_refused_by_name(string format, string tool)
    {
        QemuImg.Run("create", "-f", format, images.File("disk"), "10M");
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => ReadAllAsync(Compress(tool, images.File("disk")), DiskPolicy.Default));
        Assert.Equal("FormatFeatureNotSupported", error.Id);
        Assert.Contains("unpack it first", error.Message, StringComparison.Ordinal);
    }

    [CompressorTheory]
    [InlineData("gzip")]
    public async Task A_fixed_VHD_inside_is_found_at_its_end(string tool)
    {
        QemuImg.Run("create", "-f", "vpc", "-o", "subformat=fixed,force_size", images.File("disk"), "10M");
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => ReadAllAsync(Compress(tool, images.File("disk")), DiskPolicy.Default));
        Assert.Equal("FormatFeatureNotSupported", error.Id);
        Assert.Contains("VHD", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x1f, 0x8b, 0x08 })]
    [InlineData(new byte[] { 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00 })]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd })]
    public async Task What_only_begins_like_a_compressed_file_is_damaged(byte[] mark)
    {
        for (int seed = 0; seed < 300; seed++)
        {
            byte[] noise = new byte[2000];
            new Random(seed).NextBytes(noise);
            await File.WriteAllBytesAsync(images.File("disk"), [.. mark, .. noise]);
            DiskException error = await Assert.ThrowsAsync<DiskException>(() => ReadAllAsync(images.File("disk"), DiskPolicy.Default));
            Assert.True(error.Id is "ImageCorrupt" or "FormatNotSupported" or "FormatFeatureNotSupported", error.Id);
        }
    }

    private static async Task<long> ReadAllAsync(string path, DiskPolicy policy)
    {
        using ILogicalDisk disk = await DiskImage.OpenAsync(path, policy, CancellationToken.None);
        await foreach (DiskExtent extent in disk.ReadExtentsAsync(CancellationToken.None))
            await disk.ReadAsync(extent.Offset, new byte[extent.Length], CancellationToken.None);
        return disk.Length;
    }

    private static string Compress(string tool, string file)
    {
        string packed = file + "." + tool;
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"{tool} -c < '{file}' > '{packed}'"]);
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return packed;
    }
}
