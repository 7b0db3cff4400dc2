using System.Runtime.InteropServices;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks;

/// <summary>The one path of a file, whatever symbolic links, junctions or short names lead to it.</summary>
public static class RealPath
{
    /// <summary>How real paths are compared: Windows does not tell upper from lower case.</summary>
    public static StringComparer Comparer => OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The path without links; what does not exist keeps its full path.</summary>
    /// <param name="path">Any path.</param>
    public static unsafe string Of(string path)
    {
        if (OperatingSystem.IsWindows())
            return WindowsCalls.FinalPath(path) ?? Path.GetFullPath(path);
        if (!OperatingSystem.IsLinux())
            return Path.GetFullPath(path);
        byte* resolved = LinuxCalls.Resolve(path, null);
        if (resolved is null)
            return Path.GetFullPath(path);
        try
        {
            return Marshal.PtrToStringUTF8((nint)resolved)!;
        }
        finally
        {
            NativeMemory.Free(resolved);
        }
    }
}
