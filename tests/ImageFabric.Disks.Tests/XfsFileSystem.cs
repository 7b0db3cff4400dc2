using System.Diagnostics;

namespace ImageFabric.Disks.Tests;

/// <summary>A test on a real XFS with shared blocks, mounted for it; skipped, and shown as such, where the test may not mount.</summary>
public sealed class XfsFactAttribute : FactAttribute
{
    public XfsFactAttribute() => Skip = QemuImg.WhyNot ?? XfsFileSystem.WhyNot;
}

/// <summary>A small XFS in a file, mounted while the test runs.</summary>
public sealed class XfsFileSystem : IDisposable
{
    public const long DeviceLength = 400 << 20;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("imagefabric-xfs-");

    public XfsFileSystem()
    {
        if (WhyNot is not null)
            return;
        string device = Path.Combine(directory.FullName, "device");
        using (FileStream file = System.IO.File.Create(device))
            file.SetLength(DeviceLength);
        Run("mkfs.xfs", "-q", "-m", "reflink=1", device);
        Directory.CreateDirectory(MountPoint);
        Run("mount", "-o", "loop", device, MountPoint);
    }

    public static string? WhyNot { get; } =
        !OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess ? "only root on Linux may mount"
        : !System.IO.File.Exists("/dev/loop-control") ? "there are no loop devices"
        : !System.IO.File.Exists("/usr/sbin/mkfs.xfs") && !System.IO.File.Exists("/sbin/mkfs.xfs") ? "mkfs.xfs is not installed"
        : null;

    /// <summary>The block device that is mounted.</summary>
    public string Device => System.IO.File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).Single(parts => parts[1] == MountPoint)[0];

    private string MountPoint => Path.Combine(directory.FullName, "mounted");

    public string File(string name) => Path.Combine(MountPoint, name);

    public void Dispose()
    {
        if (WhyNot is null)
            Run("umount", MountPoint);
        directory.Delete(recursive: true);
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {process.ExitCode}");
    }
}
