using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Files;

/// <summary>A file of fixed length that is being filled. Writes may overlap in time.</summary>
internal sealed class TargetFile : IDisposable
{
    private const int ZeroPiece = 1 << 20;

    /// <summary>A few file systems number their files anew at every look.</summary>
    private const int MostAttempts = 10;

    private readonly string path;

    private TargetFile(string path, SafeFileHandle handle, bool reopened)
    {
        this.path = path;
        Handle = handle;
        Reopened = reopened;
    }

    public SafeFileHandle Handle { get; }

    /// <summary>True when the file was there with the wanted length, so that it may hold what an earlier run wrote.</summary>
    public bool Reopened { get; }

    /// <summary>Opens the file, or makes it, for this writer alone.</summary>
    /// <exception cref="DiskException"><c>HostDiskFull</c>, or <c>HostWriteFailed</c> also when another program is filling the file.</exception>
    public static TargetFile Open(string path, long length)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = OpenAlone(path);

            // Who held the file before may have finished and renamed it between its opening here and its locking: then it is no longer the one to fill.
            for (int attempt = 1; !FileStatus.IsAt(path, handle) && attempt < MostAttempts; attempt++)
            {
                handle.Dispose();
                handle = OpenAlone(path);
            }

            FileStatus.ThrowIfForeign(path, handle);
            bool reopened = RandomAccess.GetLength(handle) == length;
            if (!reopened)
            {
                RandomAccess.SetLength(handle, 0);
                RandomAccess.SetLength(handle, length);
            }

            return new TargetFile(path, handle, reopened);
        }
        catch (Exception error)
        {
            handle?.Dispose();
            if (FileErrors.IsFileError(error))
                throw FileErrors.Writing(path, error);
            throw;
        }
    }

    /// <exception cref="DiskException"><c>HostDiskFull</c> or <c>HostWriteFailed</c>.</exception>
    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            await RandomAccess.WriteAsync(Handle, data, offset, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Writing(path, error);
        }
    }

    /// <summary>Writes the same bytes in many places.</summary>
    /// <exception cref="DiskException"><c>HostDiskFull</c> or <c>HostWriteFailed</c>.</exception>
    public Task WriteEverywhereAsync(IEnumerable<long> offsets, byte[] data, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                foreach (long offset in offsets)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    RandomAccess.Write(Handle, data, offset);
                }
            }
            catch (Exception error) when (FileErrors.IsFileError(error))
            {
                throw FileErrors.Writing(path, error);
            }
        },
        cancellationToken);

    /// <summary>Brings content and length to stable storage.</summary>
    /// <exception cref="DiskException"><c>HostDiskFull</c> or <c>HostWriteFailed</c>: even an earlier write may be lost.</exception>
    public Task FlushAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                FileSync.Flush(Handle);
            }
            catch (Exception error) when (FileErrors.IsFileError(error))
            {
                throw FileErrors.Writing(path, error);
            }
        },
        cancellationToken);

    /// <summary>Makes everything zero from <paramref name="start"/> to <paramref name="end"/> except the kept ranges, which ascend. Touches only what holds data.</summary>
    /// <exception cref="DiskException"><c>HostDiskFull</c> or <c>HostWriteFailed</c>.</exception>
    public async Task ClearOutsideAsync(IEnumerable<DiskExtent> kept, long start, long end, CancellationToken cancellationToken)
    {
        try
        {
            var map = new SparseMap(Handle, end);
            long at = start;
            foreach (DiskExtent keep in kept)
            {
                await ClearAsync(map, at, keep.Offset, cancellationToken).ConfigureAwait(false);
                at = keep.End;
            }

            await ClearAsync(map, at, end, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Writing(path, error);
        }
    }

    public void Dispose() => Handle.Dispose();

    private static SafeFileHandle OpenAlone(string path) =>
        File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, FileOptions.Asynchronous);

    private async ValueTask ClearAsync(SparseMap map, long start, long end, CancellationToken cancellationToken)
    {
        while (start < end && map.FirstData(start) is { } data && data.Offset < end)
        {
            long dataEnd = Math.Min(data.End, end);
            if (!TryPunchHole(data.Offset, dataEnd - data.Offset))
                await WriteZerosAsync(data.Offset, dataEnd, cancellationToken).ConfigureAwait(false);
            start = dataEnd;
        }
    }

    private bool TryPunchHole(long offset, long length)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        if (LinuxCalls.Allocate(Handle, LinuxCalls.PunchHole, offset, length) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        return LinuxErrors.CannotDo(error) ? false : throw new IOException(new Win32Exception(error).Message, error);
    }

    private async ValueTask WriteZerosAsync(long start, long end, CancellationToken cancellationToken)
    {
        byte[] zeros = new byte[(int)Math.Min(ZeroPiece, end - start)];
        for (; start < end; start += zeros.Length)
            await RandomAccess.WriteAsync(Handle, zeros.AsMemory(0, (int)Math.Min(zeros.Length, end - start)), start, cancellationToken).ConfigureAwait(false);
    }
}
