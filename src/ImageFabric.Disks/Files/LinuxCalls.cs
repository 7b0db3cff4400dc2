using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Files;

/// <summary>The system calls that .NET has no method for. Each returns what the C function returns and sets errno as the last P/Invoke error.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxCalls
{
    public const int SeekEnd = 2;
    public const int SeekData = 3;
    public const int SeekHole = 4;

    /// <summary>_IOW(0x94, 13, struct file_clone_range), linux/fs.h.</summary>
    public const nuint CloneRangeRequest = 0x4020940D;

    /// <summary>F_SETLEASE, fcntl(2).</summary>
    public const int SetLease = 1024;

    /// <summary>F_WRLCK: a lease that is given only while nobody else has the file open.</summary>
    public const int WriteLease = 1;

    /// <summary>EAGAIN.</summary>
    public const int TryAgain = 11;

    /// <summary>_IOWR('f', 11, struct fiemap), linux/fiemap.h.</summary>
    public const nuint ExtentMapRequest = 0xC020660B;

    /// <summary>FIEMAP_FLAG_SYNC: what is still in memory only gets its place first.</summary>
    public const uint ExtentMapSync = 0x1;

    /// <summary>FIEMAP_EXTENT_LAST.</summary>
    public const uint LastExtent = 0x1;

    /// <summary>FIEMAP_EXTENT_SHARED: other files have the same blocks.</summary>
    public const uint SharedExtent = 0x2000;

    /// <summary>FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, linux/falloc.h.</summary>
    public const int PunchHole = 0x01 | 0x02;

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int CloneRange(SafeFileHandle destination, nuint request, CloneRangeArgument* argument);

    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    public static partial nint CopyRange(SafeFileHandle source, long* sourceOffset, SafeFileHandle destination, long* destinationOffset, nuint length, uint flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int MapExtents(SafeFileHandle file, nuint request, ExtentMap* map);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Control(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial byte* Resolve(string path, byte* buffer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatusOfPath(int directory, string path, int flags, uint mask, StatusAnswer* answer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatusOfFile(SafeFileHandle file, string path, int flags, uint mask, StatusAnswer* answer);

    /// <summary>struct file_clone_range, linux/fs.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct CloneRangeArgument
    {
        public long SourceFile;
        public ulong SourceOffset;
        public ulong SourceLength;
        public ulong DestinationOffset;
    }

    /// <summary>struct fiemap, linux/fiemap.h; so many <see cref="MappedExtent"/> as it says follow it in memory.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ExtentMap
    {
        public ulong Start;
        public ulong Length;
        public uint Flags;
        public uint MappedExtents;
        public uint ExtentCount;
        public uint Reserved;
    }

    /// <summary>struct fiemap_extent, linux/fiemap.h.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 56)]
    public struct MappedExtent
    {
        [FieldOffset(0)]
        public ulong Logical;

        [FieldOffset(16)]
        public ulong Length;

        [FieldOffset(40)]
        public uint Flags;
    }

    /// <summary>The fields of struct statx that are needed, linux/stat.h; the same on every processor family.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct StatusAnswer
    {
        [FieldOffset(16)]
        public uint Names;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Size;

        /// <summary>In units of 512 bytes.</summary>
        [FieldOffset(48)]
        public ulong Blocks;

        [FieldOffset(112)]
        public long ModifiedSeconds;

        [FieldOffset(120)]
        public uint ModifiedNanoseconds;

        [FieldOffset(136)]
        public ulong Device;
    }
}
