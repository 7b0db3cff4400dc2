using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks;

/// <summary>
/// Shares blocks between files on file systems that can (XFS, Btrfs and others with FICLONERANGE; ReFS with FSCTL_DUPLICATE_EXTENTS_TO_FILE), so that no
/// byte is copied.
/// </summary>
public static class BlockClone
{
    /// <summary>Makes a range of the destination share the blocks of a range of the source. Later writes to either do not reach the other.</summary>
    /// <param name="source">Open for reading.</param>
    /// <param name="sourceOffset">Bytes; a multiple of the file system's block size.</param>
    /// <param name="destination">Open for writing, on the same file system; on Windows at least so long as the range reaches.</param>
    /// <param name="destinationOffset">Bytes; a multiple of the file system's block size.</param>
    /// <param name="length">Bytes, at least 1; a multiple of the block size unless the range ends at the end of the source.</param>
    /// <returns>False, when the system or the file system cannot do it or not for this range: then copy.</returns>
    /// <exception cref="IOException">The file system can, but failed (no room, an I/O error).</exception>
    public static bool TryClone(SafeFileHandle source, long sourceOffset, SafeFileHandle destination, long destinationOffset, long length)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfNegative(sourceOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(destinationOffset);

        // The system call takes 0 as "to the end of the source".
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        bool held = false;
        try
        {
            source.DangerousAddRef(ref held);
            return OperatingSystem.IsLinux() ? TryCloneOnLinux(source, sourceOffset, destination, destinationOffset, length)
                : OperatingSystem.IsWindows() && TryCloneOnWindows(source, sourceOffset, destination, destinationOffset, length);
        }
        finally
        {
            if (held)
                source.DangerousRelease();
        }
    }

    [SupportedOSPlatform("linux")]
    private static unsafe bool TryCloneOnLinux(SafeFileHandle source, long sourceOffset, SafeFileHandle destination, long destinationOffset, long length)
    {
        var argument = new LinuxCalls.CloneRangeArgument
        {
            SourceFile = source.DangerousGetHandle(),
            SourceOffset = (ulong)sourceOffset,
            SourceLength = (ulong)length,
            DestinationOffset = (ulong)destinationOffset,
        };
        if (LinuxCalls.CloneRange(destination, LinuxCalls.CloneRangeRequest, &argument) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        return LinuxErrors.CannotDo(error) ? false : throw new IOException($"Cloning blocks failed: {new Win32Exception(error).Message}", error);
    }

    /// <summary>Copies a range between files without its bytes passing through this process: on NFS and CephFS the server copies.</summary>
    /// <param name="source">Open for reading.</param>
    /// <param name="sourceOffset">Bytes.</param>
    /// <param name="destination">Open for writing.</param>
    /// <param name="destinationOffset">Bytes.</param>
    /// <param name="length">Bytes, at least 1.</param>
    /// <returns>False when the system or the file system cannot do it, or the source ended: what is not copied yet is then to be copied otherwise.</returns>
    /// <exception cref="IOException">The file system can, but failed (no room, an I/O error).</exception>
    public static unsafe bool TryCopy(SafeFileHandle source, long sourceOffset, SafeFileHandle destination, long destinationOffset, long length)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfNegative(sourceOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(destinationOffset);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (!OperatingSystem.IsLinux())
            return false;
        while (length > 0)
        {
            // Both offsets are moved on by what was copied.
            nint copied = LinuxCalls.CopyRange(source, &sourceOffset, destination, &destinationOffset, (nuint)length, 0);
            if (copied < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                return LinuxErrors.CannotDo(error) ? false : throw new IOException($"Copying between files failed: {new Win32Exception(error).Message}", error);
            }

            if (copied == 0)
                return false;
            length -= copied;
        }

        return true;
    }

    // One call takes less than 4 GiB ([MS-FSCC] 2.3.9); what was cloned before one that is refused is written again by who copies then.
    [SupportedOSPlatform("windows")]
    private static unsafe bool TryCloneOnWindows(SafeFileHandle source, long sourceOffset, SafeFileHandle destination, long destinationOffset, long length)
    {
        const long MostAtOnce = 1L << 30;
        for (long done = 0; done < length; done += MostAtOnce)
        {
            var argument = new WindowsCalls.DuplicateExtentsData
            {
                SourceFile = source.DangerousGetHandle(),
                SourceOffset = sourceOffset + done,
                TargetOffset = destinationOffset + done,
                ByteCount = Math.Min(MostAtOnce, length - done),
            };
            int error = WindowsCalls.Control(destination, WindowsCalls.DuplicateExtents, &argument, sizeof(WindowsCalls.DuplicateExtentsData), null, 0, out _);
            if (WindowsCalls.CannotDo(error))
                return false;
            if (error != 0)
                throw WindowsCalls.Failure("Cloning blocks failed", error);
        }

        return true;
    }
}
