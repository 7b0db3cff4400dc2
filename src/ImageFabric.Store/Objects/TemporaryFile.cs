using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Store.Objects;

/// <summary>A file without a name for what may not fit into memory. It goes with the process, however that ends. Read and written from several threads at once.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly SafeFileHandle handle;

    private TemporaryFile(SafeFileHandle handle) => this.handle = handle;

    /// <summary>Makes one in the directory for temporary files.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public static TemporaryFile Create()
    {
        try
        {
            string path = Path.Combine(Path.GetTempPath(), $"imagefabric-{Guid.NewGuid():N}");
            SafeFileHandle handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.DeleteOnClose);

            // A file without a name does not outlive even a killed process. Windows sees to that by itself.
            if (!OperatingSystem.IsWindows())
                File.Delete(path);
            return new TemporaryFile(handle);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Failed(refused);
        }
    }

    /// <summary>Writes bytes at an offset.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(handle, bytes, offset);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Failed(refused);
        }
    }

    /// <summary>Fills the destination with what was written at an offset.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public void Read(Span<byte> destination, long offset)
    {
        try
        {
            while (destination.Length > 0)
            {
                int read = RandomAccess.Read(handle, destination, offset);
                if (read == 0)
                    throw new EndOfStreamException();
                destination = destination[read..];
                offset += read;
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Failed(refused);
        }
    }

    public void Dispose() => handle.Dispose();

    private static StoreException Failed(Exception cause) => new(
        "TemporaryFileFailed", Path.GetTempPath(), $"What does not fit into memory cannot be kept in {Path.GetTempPath()}: {cause.Message}", cause);
}
