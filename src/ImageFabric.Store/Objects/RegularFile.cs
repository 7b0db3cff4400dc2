using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Store.Objects;

/// <summary>Tells files from what only has a name in a directory: pipes, sockets, devices and symbolic links.</summary>
internal static partial class RegularFile
{
    private const int OpenReadOnlyNonBlockCloseOnExec = 0x800 | 0x80000;
    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const int AtEmptyPath = 0x1000;
    private const uint StatxType = 1;
    private const int TypeMask = 0xF000;
    private const int TypeRegular = 0x8000;

    /// <summary>Opens a file for reading. A pipe without a writer is refused, not waited for.</summary>
    /// <exception cref="StoreException"><c>ObjectMissing</c>: under that name there is something that is no file.</exception>
    /// <exception cref="IOException">The system's.</exception>
    public static SafeFileHandle OpenRead(string path, string key)
    {
        if (!OperatingSystem.IsLinux())
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        int descriptor = Open(path, OpenReadOnlyNonBlockCloseOnExec);
        if (descriptor < 0)
        {
            // The runtime's own call has the words for what is wrong; it cannot block on what could not be opened, except on a socket, which it refuses.
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }

        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (Statx(descriptor, "", AtEmptyPath, StatxType, out StatxResult found) == 0 && (found.Mode & TypeMask) != TypeRegular)
        {
            file.Dispose();
            throw new StoreException("ObjectMissing", key, $"The store has no object {key}: what has its name is no file.");
        }

        return file;
    }

    /// <summary>False for what is known to be no file. Links are not followed.</summary>
    public static bool Is(string path) =>
        !OperatingSystem.IsLinux() || Statx(AtFdCwd, path, AtSymlinkNoFollow, StatxType, out StatxResult found) != 0 || (found.Mode & TypeMask) == TypeRegular;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Statx(int directory, string path, int flags, uint mask, out StatxResult result);

    // linux/stat.h: the same on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxResult
    {
        [FieldOffset(28)]
        public ushort Mode;
    }
}
