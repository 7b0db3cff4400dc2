using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Files;

/// <summary>
/// Which parts of a file the file system holds data for, by lseek's SEEK_DATA and SEEK_HOLE or FSCTL_QUERY_ALLOCATED_RANGES. Where the system does not know, all of it is data.
/// Remembers the last answer, so that asking in ascending order costs two calls per run of data. An instance belongs to one thread at a time.
/// </summary>
/// <param name="file">The file. Null: nobody knows its holes.</param>
/// <param name="length">Bytes of the file, or of the part that is looked at.</param>
/// <param name="start">Where that part begins; all other offsets count from there.</param>
internal sealed class SparseMap(SafeFileHandle? file, long length, long start = 0)
{
    private const int NoSuchAddress = 6;

    private long knownFrom;
    private long dataStart;
    private long dataEnd;

    /// <summary>The first run of data that ends behind <paramref name="offset"/>, cut off at the offset; null when only a hole follows.</summary>
    public DiskExtent? FirstData(long offset)
    {
        if (offset >= length)
            return null;
        if (offset < knownFrom || offset >= dataEnd)
            Ask(offset);
        return dataStart >= length ? null : new DiskExtent(Math.Max(dataStart, offset), dataEnd - Math.Max(dataStart, offset));
    }

    private void Ask(long offset)
    {
        knownFrom = offset;
        if (file is not null && OperatingSystem.IsLinux())
            AskLinux(offset);
        else if (file is not null && OperatingSystem.IsWindows())
            AskWindows(offset);
        else
            (dataStart, dataEnd) = (offset, length);
    }

    [SupportedOSPlatform("windows")]
    private unsafe void AskWindows(long offset)
    {
        var asked = new WindowsCalls.AllocatedRange { Offset = start + offset, Length = length - offset };
        WindowsCalls.AllocatedRange found = default;
        int size = sizeof(WindowsCalls.AllocatedRange);
        int error = WindowsCalls.Control(file!, WindowsCalls.QueryAllocatedRanges, &asked, size, &found, size, out int returned);
        (dataStart, dataEnd) = error switch
        {
            0 when returned == 0 => (length, length),
            0 or WindowsCalls.MoreData when returned >= size => (Math.Max(found.Offset - start, offset), Math.Min(found.Offset + found.Length - start, length)),
            _ when WindowsCalls.CannotDo(error) => (offset, length),
            _ => throw WindowsCalls.Failure("The file system does not tell what it holds of a file", error),
        };
    }

    [SupportedOSPlatform("linux")]
    private void AskLinux(long offset)
    {
        dataStart = Seek(offset, LinuxCalls.SeekData);
        if (dataStart < 0 && Marshal.GetLastPInvokeError() == NoSuchAddress)
        {
            (dataStart, dataEnd) = (length, length);
            return;
        }

        if (dataStart < 0 && LinuxErrors.CannotDo(Marshal.GetLastPInvokeError()))
            (dataStart, dataEnd) = (offset, length);
        else if (dataStart < 0)
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        else
            dataEnd = Seek(dataStart, LinuxCalls.SeekHole);

        // A file that shrinks in between has no hole to find; the reads that follow notice the change.
        if (dataEnd <= dataStart || dataEnd > length)
            dataEnd = length;
    }

    [SupportedOSPlatform("linux")]
    private long Seek(long offset, int whence)
    {
        long found = LinuxCalls.Seek(file!, start + offset, whence);
        return found < 0 ? found : found - start;
    }
}
