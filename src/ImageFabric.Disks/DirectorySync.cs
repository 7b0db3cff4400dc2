using System.ComponentModel;
using System.Runtime.InteropServices;
using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks;

/// <summary>Brings a directory's own content, the names in it, to stable storage: what makes a rename survive a power cut.</summary>
public static class DirectorySync
{
    /// <summary>Flushes a directory. Does nothing where the system has no such operation (Windows, which journals names by itself).</summary>
    /// <param name="directory">Path of the directory.</param>
    /// <exception cref="IOException">The directory cannot be opened or flushed.</exception>
    public static void Flush(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!OperatingSystem.IsLinux())
            return;
        using SafeFileHandle handle = LinuxCalls.Open(directory, LinuxCalls.OpenDirectoryFlags);
        if (handle.IsInvalid || (LinuxCalls.Synchronize(handle) != 0 && !LinuxErrors.CannotDo(Marshal.GetLastPInvokeError())))
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"The directory '{directory}' cannot be flushed: {new Win32Exception(error).Message}", error);
        }
    }
}
