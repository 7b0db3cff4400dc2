namespace ImageFabric.Hypervisors.Tests.Iso;

/// <summary>A test that mounts an ISO image; skipped, visibly, where that is not possible.</summary>
public sealed class KernelMountFactAttribute : FactAttribute
{
    public KernelMountFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || !File.Exists("/dev/loop-control"))
            Skip = "mounting needs root and loop devices";
        else if (!File.ReadLines("/proc/filesystems").Any(line => line.EndsWith("\tiso9660", StringComparison.Ordinal)))
            Skip = "the kernel has no iso9660";
    }
}
