using System.Runtime.InteropServices;
using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks;

/// <summary>Tells whether a file is in use by whoever it may be.</summary>
public static class FileUse
{
    /// <summary>
    /// True when some process has the file open at this moment. False also where the file system cannot tell (network file systems): it is a guard
    /// beside others.
    /// </summary>
    /// <param name="path">A regular file that this process has not opened itself.</param>
    /// <exception cref="IOException">The file is gone.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be opened.</exception>
    public static bool IsOpen(string path)
    {
        if (!OperatingSystem.IsLinux())
            return IsOpenOnWindows(path);
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return LinuxCalls.Control(file, LinuxCalls.SetLease, LinuxCalls.WriteLease) != 0 && Marshal.GetLastPInvokeError() == LinuxCalls.TryAgain;
    }

    private static bool IsOpenOnWindows(string path)
    {
        const int SharingViolation = unchecked((int)0x80070020);
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None).Dispose();
            return false;
        }
        catch (IOException e) when (e.HResult == SharingViolation)
        {
            return true;
        }
    }
}
