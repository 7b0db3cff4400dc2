using System.Diagnostics;

namespace ImageFabric.Disks.Tests;

/// <summary>A test on a device that fails while it is written to; skipped, and shown as such, where the test may not mount.</summary>
public sealed class FailingDeviceFactAttribute : FactAttribute
{
    public FailingDeviceFactAttribute() => Skip = XfsFileSystem.WhyNot ?? (File.Exists("/usr/sbin/mkfs.ext4") || File.Exists("/sbin/mkfs.ext4") ? null : "mkfs.ext4 is not installed");
}

/// <summary>An ext4 on a loop device whose file is in a tmpfs that is too small for it: what the page cache took, the device refuses at write-back.</summary>
internal sealed class FailingDevice : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("imagefabric-failing-");
    private readonly string filler;

    public FailingDevice()
    {
        string memory = Directory.CreateDirectory(Path.Combine(directory.FullName, "memory")).FullName;
        Run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", memory);
        string device = Path.Combine(memory, "device");
        using (FileStream file = System.IO.File.Create(device))
            file.SetLength(256 << 20);
        Run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", "-O", "^has_journal", device);
        Run("mount", "-o", "loop", device, Directory.CreateDirectory(MountPoint).FullName);
        filler = Path.Combine(memory, "filler");
    }

    private string MountPoint => Path.Combine(directory.FullName, "mounted");

    public string File(string name) => Path.Combine(MountPoint, name);

    /// <summary>From here on the device takes no more data.</summary>
    public void Fill()
    {
        using FileStream file = System.IO.File.Create(filler);
        byte[] piece = new byte[1 << 16];
        try
        {
            while (true)
            {
                file.Write(piece);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full, as it should be.
        }
    }

    public void Dispose()
    {
        System.IO.File.Delete(filler);
        Run("umount", MountPoint);
        Run("umount", Path.Combine(directory.FullName, "memory"));
        directory.Delete(recursive: true);
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {process.ExitCode}");
    }
}
