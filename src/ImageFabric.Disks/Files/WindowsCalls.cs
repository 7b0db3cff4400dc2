using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Files;

/// <summary>The file system controls of Windows that .NET has no method for.</summary>
[SupportedOSPlatform("windows")]
internal static unsafe partial class WindowsCalls
{
    /// <summary>FSCTL_DUPLICATE_EXTENTS_TO_FILE, winioctl.h.</summary>
    public const uint DuplicateExtents = 0x00098344;

    /// <summary>FSCTL_QUERY_ALLOCATED_RANGES, winioctl.h.</summary>
    public const uint QueryAllocatedRanges = 0x000940CF;

    /// <summary>ERROR_MORE_DATA: there are more answers than there was room for.</summary>
    public const int MoreData = 234;

    private const int Pending = 997;

    /// <summary>Does a control, and waits for it.</summary>
    /// <param name="file">The file, opened for overlapped input and output or not.</param>
    /// <param name="control">Its code.</param>
    /// <param name="input">What goes in.</param>
    /// <param name="inputLength">Bytes of that.</param>
    /// <param name="output">Room for what comes out.</param>
    /// <param name="outputLength">Bytes of that.</param>
    /// <param name="returned">Bytes that came out.</param>
    /// <returns>0, or the error of Windows.</returns>
    public static int Control(SafeFileHandle file, uint control, void* input, int inputLength, void* output, int outputLength, out int returned)
    {
        using var done = new ManualResetEvent(false);

        // The lowest bit keeps the completion from the port that .NET waits at for the same file.
        var overlapped = new NativeOverlapped { EventHandle = done.SafeWaitHandle.DangerousGetHandle() | 1 };
        if (DeviceIoControl(file, control, input, inputLength, output, outputLength, out returned, &overlapped))
            return 0;
        int error = Marshal.GetLastPInvokeError();
        if (error != Pending)
            return error;
        return GetOverlappedResult(file, &overlapped, out returned, wait: true) ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>The path of a file without links and short names; null when it cannot be opened or has none.</summary>
    public static string? FinalPath(string path)
    {
        const string Extended = @"\\?\";
        const string Network = @"\\?\UNC\";
        const int MostCharacters = 32768;
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            char[] buffer = new char[MostCharacters];
            int length;
            fixed (char* pointer = buffer)
                length = GetFinalPathNameByHandle(file, pointer, buffer.Length, 0);
            if (length is 0 or >= MostCharacters)
                return null;
            string found = new(buffer, 0, length);
            return found.StartsWith(Network, StringComparison.Ordinal) ? @"\\" + found[Network.Length..]
                : found.StartsWith(Extended, StringComparison.Ordinal) ? found[Extended.Length..]
                : found;
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // What cannot be opened is known by the path it was given.
            return null;
        }
    }

    /// <summary>Whether an error says that the file system has no such control, or not for these files or ranges, and not that it failed.</summary>
    // ERROR_INVALID_FUNCTION, ERROR_NOT_SAME_DEVICE, ERROR_NOT_SUPPORTED, ERROR_INVALID_PARAMETER, ERROR_BLOCK_TOO_MANY_REFERENCES
    public static bool CannotDo(int error) => error is 1 or 17 or 50 or 87 or 347;

    /// <summary>An error of Windows as .NET itself would throw it.</summary>
    public static IOException Failure(string what, int error) =>
        new($"{what}: {new Win32Exception(error).Message}", unchecked((int)0x80070000) | error);

    [LibraryImport("kernel32", EntryPoint = "GetFinalPathNameByHandleW", SetLastError = true)]
    private static partial int GetFinalPathNameByHandle(SafeFileHandle file, char* path, int length, int flags);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool DeviceIoControl(
        SafeFileHandle file, uint control, void* input, int inputLength, void* output, int outputLength, out int returned, NativeOverlapped* overlapped);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetOverlappedResult(
        SafeFileHandle file, NativeOverlapped* overlapped, out int transferred, [MarshalAs(UnmanagedType.Bool)] bool wait);

    /// <summary>DUPLICATE_EXTENTS_DATA, winioctl.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct DuplicateExtentsData
    {
        public nint SourceFile;
        public long SourceOffset;
        public long TargetOffset;
        public long ByteCount;
    }

    /// <summary>FILE_ALLOCATED_RANGE_BUFFER, winioctl.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct AllocatedRange
    {
        public long Offset;
        public long Length;
    }
}
