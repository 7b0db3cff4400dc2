using System.Diagnostics;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>A fact that mounts a small file system of its own; skipped where that is not allowed.</summary>
public sealed class TmpfsFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> Allowed = new(TryOnce);

    public TmpfsFactAttribute()
    {
        if (!Allowed.Value)
            Skip = "mounting a tmpfs is not allowed here";
    }

    public static void Mount(string directory, string size) => Assert.Equal(0, Run("mount", "-t", "tmpfs", "-o", $"size={size}", "imagefabric-test", directory));

    public static void Unmount(string directory) => Assert.Equal(0, Run("umount", directory));

    private static bool TryOnce()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return false;
        string directory = Directory.CreateTempSubdirectory("imagefabric-test-").FullName;
        try
        {
            if (Run("mount", "-t", "tmpfs", "imagefabric-test", directory) != 0)
                return false;
            Unmount(directory);
            return true;
        }
        finally
        {
            Directory.Delete(directory);
        }
    }

    private static int Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
