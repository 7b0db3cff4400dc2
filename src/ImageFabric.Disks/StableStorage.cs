using System;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric;

/// <summary>
/// Brings files, and the names in directories, to stable storage. .NET's own flushes return normally where fsync fails, so that what a full or dying disk
/// lost counts as written; here its result is checked. Linked into each project that writes, since these share no other code.
/// </summary>
internal static class StableStorage
{
    private const int CloseOnExec = 0x80000;

    // fsync(2): the file is of a kind that cannot be synchronised.
    private const int Invalid = 22;
    private const int NotSupported = 95;

    private static readonly bool IsLinux = RuntimeInformation.IsOSPlatform(OSPlatform.Linux);

    // Of the flags only this one differs between families of processors.
    private static int DirectoryOnly => RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 ? 0x4000 : 0x10000;

    /// <summary>Flushes a file. When it fails, even what was written before may be lost, and flushing once more would not tell: the file is to be written anew.</summary>
    /// <param name="stream">The file, open for writing.</param>
    /// <exception cref="IOException">The system's error; its HResult is errno.</exception>
    public static void Flush(FileStream stream)
    {
        if (IsLinux)
        {
            stream.Flush();
            Flush(stream.SafeFileHandle);
        }
        else
        {
            stream.Flush(flushToDisk: true);
        }
    }

    /// <summary>Flushes a file on Linux.</summary>
    /// <param name="file">The file, open for writing.</param>
    /// <exception cref="IOException">The system's error; its HResult is errno.</exception>
    public static void Flush(SafeFileHandle file) => Synchronize(file, "The file");

    /// <summary>Flushes the names in a directory, which makes a rename survive a power cut. Does nothing on Windows, which journals names by itself.</summary>
    /// <param name="directory">Path of the directory.</param>
    /// <exception cref="IOException">The directory cannot be opened or flushed.</exception>
    public static void FlushDirectory(string directory)
    {
        if (!IsLinux)
            return;
        using SafeFileHandle handle = Open(directory, CloseOnExec | DirectoryOnly);
        if (handle.IsInvalid)
            throw Failed($"The directory '{directory}'", Marshal.GetLastWin32Error());
        Synchronize(handle, $"The directory '{directory}'");
    }

    private static void Synchronize(SafeFileHandle file, string what)
    {
        if (Fsync(file) != 0 && Marshal.GetLastWin32Error() is not (Invalid or NotSupported) and var error)
            throw Failed(what, error);
    }

    private static IOException Failed(string what, int error) => new($"{what} cannot be brought to stable storage: {new System.ComponentModel.Win32Exception(error).Message}", error);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Fsync(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPStr)] string path, int flags);
}
