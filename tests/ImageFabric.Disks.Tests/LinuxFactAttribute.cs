namespace ImageFabric.Disks.Tests;

/// <summary>A test of what only Linux has; skipped, and shown as such, elsewhere.</summary>
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "needs Linux";
}
