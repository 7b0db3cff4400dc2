using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Files;

/// <summary>
/// Which parts of a file the file system holds data for, by lseek's SEEK_DATA and SEEK_HOLE. Where the system does not know, all of it is data.
/// Remembers the last answer, so that asking in ascending order costs two calls per run of data. An instance belongs to one thread at a time.
/// </summary>
internal sealed class SparseMap(SafeFileHandle file, long fileLength)
{
    private const int NoSuchAddress = 6;

    private long knownFrom;
    private long dataStart;
    private long dataEnd;

    /// <summary>The first run of data that ends behind <paramref name="offset"/>, cut off at the offset; null when only a hole follows.</summary>
    public DiskExtent? FirstData(long offset)
    {
        if (offset >= fileLength)
            return null;
        if (offset < knownFrom || offset >= dataEnd)
            Ask(offset);
        return dataStart >= fileLength ? null : new DiskExtent(Math.Max(dataStart, offset), dataEnd - Math.Max(dataStart, offset));
    }

    private void Ask(long offset)
    {
        knownFrom = offset;
        if (!OperatingSystem.IsLinux())
        {
            (dataStart, dataEnd) = (offset, fileLength);
            return;
        }

        dataStart = LinuxCalls.Seek(file, offset, LinuxCalls.SeekData);
        if (dataStart < 0 && Marshal.GetLastPInvokeError() == NoSuchAddress)
        {
            (dataStart, dataEnd) = (fileLength, fileLength);
            return;
        }

        if (dataStart < 0 && LinuxErrors.CannotDo(Marshal.GetLastPInvokeError()))
            (dataStart, dataEnd) = (offset, fileLength);
        else if (dataStart < 0)
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        else
            dataEnd = LinuxCalls.Seek(file, dataStart, LinuxCalls.SeekHole);

        // A file that shrinks in between has no hole to find; the reads that follow notice the change.
        if (dataEnd <= dataStart || dataEnd > fileLength)
            dataEnd = fileLength;
    }
}
