using System.Diagnostics;

namespace ImageFabric.Disks.Tests;

public sealed class PreflightTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [Fact]
    public Task A_missing_file_is_not_found() => DiskReading.AssertRefusedAsync(images.File("nothing"), "FileNotFound");

    [Fact]
    public Task A_directory_is_not_a_disk() => DiskReading.AssertRefusedAsync(Path.GetDirectoryName(images.File("x"))!, "FileNotFound");

    [LinuxFact]
    public async Task A_pipe_is_refused_without_waiting_for_its_other_end()
    {
        string pipe = images.File("pipe");
        using (Process mkfifo = Process.Start("mkfifo", [pipe]))
            await mkfifo.WaitForExitAsync();
        await DiskReading.AssertRefusedAsync(pipe, "FileNotFound");
    }

    [Fact]
    public async Task An_empty_file_is_refused()
    {
        await File.WriteAllBytesAsync(images.File("disk.raw"), []);
        await DiskReading.AssertRefusedAsync(images.File("disk.raw"), "ImageEmpty");
    }

    [QemuTheory]
    [InlineData("qed", "")]
    [InlineData("qcow", "")]
    [InlineData("parallels", "")]
    public async Task Formats_of_others_are_told_by_content_and_refused(string format, string options)
    {
        string image = images.File("disk.raw");
        string[] option = options.Length == 0 ? [] : ["-o", options];
        QemuImg.Run(["create", "-f", format, .. option, image, "10M"]);
        await DiskReading.AssertRefusedAsync(image, "FormatNotSupported");
    }

    [Theory]
    [InlineData("bzip2", new byte[] { 0x42, 0x5a, 0x68 })]
    [InlineData("zip", new byte[] { 0x50, 0x4b, 0x03, 0x04 })]
    [InlineData("7z", new byte[] { 0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c })]
    public async Task Compressed_files_are_refused_by_name(string format, byte[] mark)
    {
        string image = images.File("disk.raw");
        await File.WriteAllBytesAsync(image, [.. mark, .. new byte[1000]]);
        DiskException error = await DiskReading.AssertRefusedAsync(image, "FormatNotSupported");
        Assert.Contains(format, error.Message);
    }

    [Fact]
    public async Task An_iso_is_a_raw_disk()
    {
        byte[] iso = new byte[40_000];
        "CD001"u8.CopyTo(iso.AsSpan(32769));
        await File.WriteAllBytesAsync(images.File("disk.iso"), iso);
        using ILogicalDisk disk = await DiskReading.OpenAsync(images.File("disk.iso"));
        Assert.Equal("raw", disk.Format);
    }

    [QemuFact]
    public async Task A_qcow2_is_one_whatever_its_name()
    {
        QemuImg.Run("create", "-f", "qcow2", images.File("disk.raw"), "10M");
        using ILogicalDisk disk = await DiskReading.OpenAsync(images.File("disk.raw"));
        Assert.Equal("qcow2", disk.Format);
    }

    [QemuFact]
    public async Task A_backing_file_is_refused()
    {
        QemuImg.Run("create", "-f", "raw", images.File("base.raw"), "10M");
        QemuImg.Run("create", "-f", "qcow2", "-b", images.File("base.raw"), "-F", "raw", images.File("disk.qcow2"));
        await DiskReading.AssertRefusedAsync(images.File("disk.qcow2"), "ForeignReference");
    }

    [QemuFact]
    public async Task A_backing_file_is_refused_before_other_faults_are_looked_at()
    {
        QemuImg.Run("create", "-f", "raw", images.File("base.raw"), "10M");
        QemuImg.Run("create", "-f", "qcow2", "-b", images.File("base.raw"), "-F", "raw", images.File("disk.qcow2"));
        Qcow2Patch.Write(images.File("disk.qcow2"), 20, uint.MaxValue);
        await DiskReading.AssertRefusedAsync(images.File("disk.qcow2"), "ForeignReference");
    }

    [QemuFact]
    public async Task An_external_data_file_is_refused()
    {
        QemuImg.Run("create", "-f", "qcow2", "-o", $"data_file={images.File("data.raw")}", images.File("disk.qcow2"), "10M");
        await DiskReading.AssertRefusedAsync(images.File("disk.qcow2"), "ForeignReference");

        // The name alone is refused as well: another program may follow it.
        Qcow2Patch.Write(images.File("disk.qcow2"), 76, 0);
        await DiskReading.AssertRefusedAsync(images.File("disk.qcow2"), "ForeignReference");
    }

    [QemuFact]
    public async Task Encryption_is_refused()
    {
        QemuImg.Run(
            "create", "--object", "secret,id=s,data=secret", "-f", "qcow2", "-o", "encrypt.format=aes,encrypt.key-secret=s", images.File("disk.qcow2"), "10M");
        await DiskReading.AssertRefusedAsync(images.File("disk.qcow2"), "FormatFeatureNotSupported");

        const uint Luks = 2;
        Qcow2Patch.Write(images.File("disk.qcow2"), 32, Luks);
        await DiskReading.AssertRefusedAsync(images.File("disk.qcow2"), "FormatFeatureNotSupported");
    }

    [QemuTheory]
    [InlineData(1u, "ImageCorrupt")]
    [InlineData(2u, "ImageCorrupt")]
    [InlineData(4u, "ForeignReference")]
    [InlineData(8u, "ImageCorrupt")]
    [InlineData(32u, "FormatFeatureNotSupported")]
    public async Task Incompatible_features_are_refused(uint features, string id)
    {
        QemuImg.Run("create", "-f", "qcow2", images.File("disk.qcow2"), "10M");
        Qcow2Patch.Write(images.File("disk.qcow2"), 76, features);
        await DiskReading.AssertRefusedAsync(images.File("disk.qcow2"), id);
    }

    [QemuFact]
    public async Task The_file_and_the_disk_are_held_to_the_limits_of_the_policy()
    {
        QemuImg.Run("create", "-f", "qcow2", images.File("disk.qcow2"), "10M");
        var small = new DiskPolicy { MaximumVirtualLength = (10 << 20) - 1 };
        var exact = new DiskPolicy { MaximumVirtualLength = 10 << 20, MaximumFileLength = new FileInfo(images.File("disk.qcow2")).Length };
        var shortFile = exact with { MaximumFileLength = exact.MaximumFileLength - 1 };
        (await DiskImage.OpenAsync(images.File("disk.qcow2"), exact, CancellationToken.None)).Dispose();
        foreach (DiskPolicy policy in new[] { small, shortFile })
        {
            DiskException error = await Assert.ThrowsAsync<DiskException>(() => DiskImage.OpenAsync(images.File("disk.qcow2"), policy, CancellationToken.None));
            Assert.Equal("ImageTooLarge", error.Id);
        }
    }

    [QemuFact]
    public async Task A_qcow2_without_a_sector_is_empty()
    {
        QemuImg.Run("create", "-f", "qcow2", images.File("disk.qcow2"), "0");
        await DiskReading.AssertRefusedAsync(images.File("disk.qcow2"), "ImageEmpty");
    }

    [QemuFact]
    public async Task A_file_that_was_cut_off_is_refused()
    {
        string raw = images.MakeRaw("source.raw", 5 << 20);
        string qcow2 = images.File("disk.qcow2");
        QemuImg.Run("convert", "-f", "raw", "-O", "qcow2", raw, qcow2);
        long length = new FileInfo(qcow2).Length;
        foreach (long cut in new[] { length - (2 << 16), length / 2, 300_000, 100, 50, 6 })
        {
            using (FileStream file = File.OpenWrite(qcow2))
                file.SetLength(cut);
            await DiskReading.AssertRefusedAsync(qcow2, "ImageCorrupt");
        }
    }
}
