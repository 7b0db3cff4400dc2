using ImageFabric.Disks;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>A guest starts from a published image in every format that it can be written in.</summary>
public sealed class BootTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [HostFact]
    public async Task A_guest_boots_from_every_format_that_is_written()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        (await store.PublishAsync(Testbed.FirstImage, "1")).Succeeded();
        string raw = Path.ChangeExtension(Testbed.FirstImage, ".raw");
        string[] formats = [.. DiskTarget.Formats, .. PackedDisk.Formats];
        await Parallel.ForEachAsync(formats, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (format, _) =>
        {
            string file = scratch["disk." + format];
            Assert.Equal(format, (await store.PullAsync("1", file, "--format", format)).Result<PullResult>().Format);
            string driver = format.Split('-')[0] is "vhd" ? "vpc" : format.Split('-')[0];
            QemuImg.AssertIdentical(raw, "raw", file, driver);
            string console = await Tool.RunAsync(
                "timeout", "150", "qemu-system-x86_64", "-machine", "pc,accel=tcg", "-m", "128", "-display", "none", "-no-reboot", "-nic", "none", "-serial", "stdio",
                "-drive", $"file={file},format={driver},if=virtio,snapshot=on");
            Assert.True(console.Contains("GUEST-UP version=v1", StringComparison.Ordinal) && console.Contains("GUEST-DONE", StringComparison.Ordinal), $"{format}: {console}");
            File.Delete(file);
        });
        Assert.Empty(Directory.EnumerateFiles(scratch.Path, "disk.*"));
    }
}
