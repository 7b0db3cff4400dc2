using ImageFabric.Disks.Packed;

namespace ImageFabric.Disks.Tests;

/// <summary>What is said to be written is on the device, and is written to no file but our own.</summary>
public sealed class DurabilityTests : IDisposable
{
    private readonly ImageDirectory images = new();

    public void Dispose() => images.Dispose();

    [FailingDeviceFact]
    public void A_flush_that_the_device_fails_is_an_error()
    {
        using var device = new FailingDevice();
        using FileStream file = File.Create(device.File("data"));
        FileSync.Flush(file.SafeFileHandle);
        device.Fill();
        file.Write(new byte[8 << 20].Select(static (_, i) => (byte)(i * 31)).ToArray());
        file.Flush();
        Assert.Throws<IOException>(() => FileSync.Flush(file.SafeFileHandle));
    }

    [FailingDeviceFact]
    public async Task A_disk_that_the_device_did_not_take_is_not_said_to_be_whole()
    {
        using var device = new FailingDevice();
        await using IDiskTarget target = await DiskTarget.OpenAsync(device.File("disk.raw"), "raw", 16 << 20, 512, [new DiskExtent(0, 16 << 20)], CancellationToken.None);
        device.Fill();
        byte[] data = new byte[16 << 20];
        new Random(1).NextBytes(data);
        await target.WriteAsync(0, data, CancellationToken.None);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => target.CompleteAsync(CancellationToken.None));
        Assert.Contains(error.Id, new[] { "HostWriteFailed", "HostDiskFull" });
    }

    [LinuxFact]
    public async Task A_link_that_lies_where_a_file_is_written_keeps_what_it_leads_to()
    {
        string precious = images.File("precious");
        await File.WriteAllTextAsync(precious, "keep me");
        string symbolic = images.File("symbolic");
        File.CreateSymbolicLink(symbolic, precious);
        string hard = images.File("hard");
        using (System.Diagnostics.Process ln = System.Diagnostics.Process.Start("ln", [precious, hard]))
            await ln.WaitForExitAsync();
        string dangling = images.File("dangling");
        File.CreateSymbolicLink(dangling, images.File("elsewhere"));
        foreach (string path in new[] { symbolic, hard, dangling })
        {
            DiskException target = await Assert.ThrowsAsync<DiskException>(() => DiskTarget.OpenAsync(path, "raw", 1 << 20, 512, [new DiskExtent(0, 1 << 20)], CancellationToken.None));
            Assert.Equal("HostWriteFailed", target.Id);
            Assert.Equal("HostWriteFailed", Assert.Throws<DiskException>(() => AppendedFile.Create(path)).Id);
        }

        Assert.Equal("keep me", await File.ReadAllTextAsync(precious));
    }
}
