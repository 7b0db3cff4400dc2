using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric;

/// <summary>
/// A file locked against other processes (flock); the kernel takes the lock back when its holder dies. .NET's own locks go on without one where the file
/// system has none, and let everybody who can read the file hold it. Linked into the engine.
/// </summary>
internal static partial class ExclusiveFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int Shared = 1;
    private const int Exclusive = 2;
    private const int AtOnce = 4;
    private const int WouldBlock = 11;
    private const int ReadWriteCreateCloseOnExec = 2 | 0x40 | 0x80000;
    private const int SharingViolation = unchecked((int)0x80070020);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(20);

    /// <summary>Locks the file, which is made when missing, for its owner alone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shared">True for a lock that several may have.</param>
    /// <returns>Null when another process has it.</returns>
    /// <exception cref="IOException">The file cannot be opened, or the file system has no locks; HResult is errno.</exception>
    /// <exception cref="UnauthorizedAccessException">The file is somebody else's.</exception>
    public static FileStream? TryOpen(string path, bool shared = false)
    {
        if (OperatingSystem.IsLinux())
            return TryLock(path, shared);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, shared ? FileAccess.Read : FileAccess.ReadWrite, shared ? FileShare.Read : FileShare.None, bufferSize: 1);
        }
        catch (IOException e) when (e.HResult == SharingViolation)
        {
            return null;
        }
    }

    /// <summary>Locks the file, made when missing, as soon as no other process has it.</summary>
    /// <exception cref="IOException">As for <see cref="TryOpen"/>.</exception>
    public static async Task<FileStream> OpenAsync(string path, CancellationToken ct)
    {
        while (true)
        {
            if (TryOpen(path) is { } stream)
                return stream;
            await Task.Delay(RetryAfter, ct).ConfigureAwait(false);
        }
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static FileStream? TryLock(string path, bool shared)
    {
        // Opened by .NET it would have a lock of .NET's already.
        var file = new SafeFileHandle(Open(path, ReadWriteCreateCloseOnExec, (int)OwnerOnly), ownsHandle: true);
        try
        {
            if (file.IsInvalid)
                throw Refused(path, "opened");

            // Who can open it can hold it, and so stop everybody else.
            if (File.GetUnixFileMode(file) != OwnerOnly)
                File.SetUnixFileMode(file, OwnerOnly);
            if (Lock(file, (shared ? Shared : Exclusive) | AtOnce) == 0)
                return new FileStream(file, FileAccess.ReadWrite, bufferSize: 0);
            if (Marshal.GetLastPInvokeError() != WouldBlock)
                throw Refused(path, "locked");
            file.Dispose();
            return null;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static IOException Refused(string path, string what)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{path} cannot be {what}: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);
}
