using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Files;

/// <summary>What kind of file a path leads to, how long it is, and when its content last changed.</summary>
/// <param name="IsDisk">True for a regular file or a block device, the two kinds that hold a disk.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Modified">Time of the last change of content, in units that only equality is asked of.</param>
internal readonly record struct FileStatus(bool IsDisk, long Length, Int128 Modified)
{
    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const uint BasicStatus = 0x7ff;
    private const int FileTypeMask = 0xF000;
    private const int RegularFile = 0x8000;
    private const int BlockDevice = 0x6000;

    /// <summary>Says, without opening it, whether a path leads to a regular file or a block device: opening a pipe would wait for its other end.</summary>
    public static bool MayBeDisk(string path)
    {
        if (!OperatingSystem.IsLinux())
            return File.Exists(path);
        return TryAsk(path, out LinuxCalls.StatusAnswer answer) && IsDiskType(answer.Mode);
    }

    /// <summary>Says, without opening it, whether a path leads to a regular file.</summary>
    public static bool IsRegular(string path)
    {
        if (!OperatingSystem.IsLinux())
            return File.Exists(path);
        return TryAsk(path, out LinuxCalls.StatusAnswer answer) && (answer.Mode & FileTypeMask) == RegularFile;
    }

    /// <summary>Asks about an open file.</summary>
    public static FileStatus Of(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            return new FileStatus(true, RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file).Ticks);

        LinuxCalls.StatusAnswer answer = Ask(file);
        long length = (answer.Mode & FileTypeMask) == BlockDevice ? Check(LinuxCalls.Seek(file, 0, LinuxCalls.SeekEnd)) : (long)answer.Size;
        return new FileStatus(IsDiskType(answer.Mode), length, ((Int128)answer.ModifiedSeconds * 1_000_000_000) + answer.ModifiedNanoseconds);
    }

    /// <summary>Says whether a path leads to an open file, or to another one that took its name. Where the name of an open file cannot be taken, always true.</summary>
    public static bool IsAt(string path, SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        LinuxCalls.StatusAnswer opened = Ask(file);
        return TryAsk(path, out LinuxCalls.StatusAnswer named) && (named.Inode, named.Device) == (opened.Inode, opened.Device);
    }

    /// <summary>
    /// Refuses an open file that is no regular file, or that has another name than this one. What is written under a name of our own must not reach a file
    /// that somebody put there as a symbolic or hard link.
    /// </summary>
    /// <param name="path">The name that it was opened by.</param>
    /// <param name="file">The file, which nothing was written to yet.</param>
    /// <exception cref="IOException">It is such a file.</exception>
    public static void ThrowIfForeign(string path, SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            return;
        LinuxCalls.StatusAnswer opened = Ask(file);
        if ((opened.Mode & FileTypeMask) != RegularFile || opened.Names > 1 ||
            (TryAsk(path, out LinuxCalls.StatusAnswer named, NoFollow) && (named.Mode & FileTypeMask) != RegularFile))
            throw new IOException($"'{path}' is a link to another file, or no file. Remove it if it is not needed.");
    }

    /// <summary>Bytes that the file system holds for a file; on Windows its length.</summary>
    public static long AllocatedLength(SafeFileHandle file) =>
        OperatingSystem.IsLinux() ? (long)Ask(file).Blocks * 512 : RandomAccess.GetLength(file);

    private static bool IsDiskType(ushort mode) => (mode & FileTypeMask) is RegularFile or BlockDevice;

    [SupportedOSPlatform("linux")]
    private static unsafe bool TryAsk(string path, out LinuxCalls.StatusAnswer answer, int flags = 0)
    {
        fixed (LinuxCalls.StatusAnswer* pointer = &answer)
            return LinuxCalls.StatusOfPath(CurrentDirectory, path, flags, BasicStatus, pointer) == 0;
    }

    [SupportedOSPlatform("linux")]
    private static unsafe LinuxCalls.StatusAnswer Ask(SafeFileHandle file)
    {
        LinuxCalls.StatusAnswer answer;
        Check(LinuxCalls.StatusOfFile(file, string.Empty, EmptyPath, BasicStatus, &answer));
        return answer;
    }

    private static long Check(long result) => result >= 0 ? result : throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
}
