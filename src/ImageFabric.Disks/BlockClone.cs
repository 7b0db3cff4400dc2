using System.ComponentModel;
using System.Runtime.InteropServices;
using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks;

/// <summary>Shares blocks between files on file systems that can (XFS, Btrfs, and others with FICLONERANGE), so that no byte is copied.</summary>
public static class BlockClone
{
    /// <summary>Makes a range of the destination share the blocks of a range of the source. Later writes to either do not reach the other.</summary>
    /// <param name="source">Open for reading.</param>
    /// <param name="sourceOffset">Bytes; a multiple of the file system's block size.</param>
    /// <param name="destination">Open for writing, on the same file system.</param>
    /// <param name="destinationOffset">Bytes; a multiple of the file system's block size.</param>
    /// <param name="length">Bytes, at least 1; a multiple of the block size unless the range ends at the end of the source.</param>
    /// <returns>False, with nothing changed, when the system or the file system cannot do it or not for this range: then copy.</returns>
    /// <exception cref="IOException">The file system can, but failed (no room, an I/O error).</exception>
    public static unsafe bool TryClone(SafeFileHandle source, long sourceOffset, SafeFileHandle destination, long destinationOffset, long length)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfNegative(sourceOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(destinationOffset);

        // The system call takes 0 as "to the end of the source".
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (!OperatingSystem.IsLinux())
            return false;

        bool held = false;
        try
        {
            source.DangerousAddRef(ref held);
            var argument = new LinuxCalls.CloneRangeArgument
            {
                SourceFile = source.DangerousGetHandle(),
                SourceOffset = (ulong)sourceOffset,
                SourceLength = (ulong)length,
                DestinationOffset = (ulong)destinationOffset,
            };
            if (LinuxCalls.CloneRange(destination, LinuxCalls.CloneRangeRequest, &argument) == 0)
                return true;
        }
        finally
        {
            if (held)
                source.DangerousRelease();
        }

        int error = Marshal.GetLastPInvokeError();
        return LinuxErrors.CannotDo(error) ? false : throw new IOException($"Cloning blocks failed: {new Win32Exception(error).Message}", error);
    }
}
