using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Packed;

/// <summary>A file that grows at its end, and whose header is written last.</summary>
internal sealed class AppendedFile : IAsyncDisposable
{
    private readonly string path;
    private readonly SafeFileHandle handle;

    private AppendedFile(string path, SafeFileHandle handle) => (this.path, this.handle) = (path, handle);

    /// <summary>The file's name, for errors.</summary>
    public string Path => path;

    /// <summary>Where the next byte goes.</summary>
    public long Length { get; private set; }

    /// <exception cref="DiskException"><c>HostDiskFull</c>, <c>HostWriteFailed</c>.</exception>
    public static AppendedFile Create(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, FileOptions.Asynchronous);
            FileStatus.ThrowIfForeign(path, handle);
            RandomAccess.SetLength(handle, 0);
            return new AppendedFile(path, handle);
        }
        catch (Exception error)
        {
            handle?.Dispose();
            if (FileErrors.IsFileError(error))
                throw FileErrors.Writing(path, error);
            throw;
        }
    }

    /// <summary>Leaves a hole up to the next multiple.</summary>
    public void Align(long multiple) => Length = (Length + multiple - 1) / multiple * multiple;

    /// <summary>Writes at the end.</summary>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await WriteAsync(Length, content, cancellationToken).ConfigureAwait(false);
        Length += content.Length;
    }

    /// <summary>Makes all of it durable, then writes the header, and makes that durable: a header that reaches the disk first would make a broken file look whole.</summary>
    public async Task CompleteAsync(byte[] header, CancellationToken cancellationToken)
    {
        try
        {
            RandomAccess.SetLength(handle, Length);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Writing(path, error);
        }

        Flush();
        await WriteAsync(0, header, cancellationToken).ConfigureAwait(false);
        Flush();
    }

    private void Flush()
    {
        try
        {
            FileSync.Flush(handle);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Writing(path, error);
        }
    }

    public ValueTask DisposeAsync()
    {
        handle.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            await RandomAccess.WriteAsync(handle, content, offset, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Writing(path, error);
        }
    }
}
