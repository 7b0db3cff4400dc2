using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ImageFabric.Fleet;

/// <summary>The permission to execute a file, which PowerShell's package managers lose when they unpack a module on Linux.</summary>
internal static class ExecutePermission
{
    private const int Execute = 1;
    private const uint OwnerWritesAllExecute = 0x1ED; // 0755

    /// <summary>Gives the permission when it is missing and the file exists.</summary>
    /// <exception cref="Win32Exception">It is missing and the user may not give it.</exception>
    public static void Ensure(string path)
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows) || Access(path, Execute) == 0)
            return;
        if (ChangeMode(path, OwnerWritesAllExecute) != 0)
            throw new Win32Exception(Marshal.GetLastWin32Error());
    }

    [DllImport("libc", EntryPoint = "access", SetLastError = true, CharSet = CharSet.Ansi)]
    private static extern int Access(string path, int mode);

    [DllImport("libc", EntryPoint = "chmod", SetLastError = true, CharSet = CharSet.Ansi)]
    private static extern int ChangeMode(string path, uint mode);
}
