using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks.Wrapped;

/// <summary>
/// What is compressed in a file, unpacked into a temporary file that nobody else sees: for disks of formats that cannot be read from front to back. It is
/// gone when it is closed, and when the program is killed.
/// </summary>
internal static class UnpackedFile
{
    private const int PieceLength = 1 << 20;

    /// <summary>Unpacks it. Zeros are not written.</summary>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>, <c>ImageTooLarge</c>, or <c>TemporaryFileFailed</c>.</exception>
    public static async Task<SourceFile> CreateAsync(SourceFile file, string wrapper, DiskPolicy policy, CancellationToken cancellationToken)
    {
        string path = Path.Combine(Path.GetTempPath(), $"imagefabric-{Guid.NewGuid():N}");
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
            if (!OperatingSystem.IsWindows())
                File.Delete(path);
            byte[] piece = new byte[PieceLength];
            await using Stream content = WrappedDisk.Decompress(file, wrapper);
            long length = 0;
            while (await WrappedDisk.FillAsync(file, wrapper, content, piece, cancellationToken).ConfigureAwait(false) is > 0 and var count)
            {
                if (length + count > policy.MaximumVirtualLength)
                    throw new DiskException("ImageTooLarge", file.Path, $"In the {wrapper} file are more than {policy.MaximumVirtualLength} bytes, which is the limit.");
                if (piece.AsSpan(0, count).ContainsAnyExcept((byte)0))
                    await RandomAccess.WriteAsync(handle, piece.AsMemory(0, count), length, cancellationToken).ConfigureAwait(false);
                length += count;
            }

            RandomAccess.SetLength(handle, length);
            return SourceFile.Over(handle, $"{file.Path}/unpacked");
        }
        catch (Exception error)
        {
            handle?.Dispose();
            if (FileErrors.IsFileError(error))
                throw new DiskException("TemporaryFileFailed", Path.GetTempPath(), $"What is in the {wrapper} file '{file.Path}' cannot be kept in {Path.GetTempPath()}: {error.Message}", innerException: error);
            throw;
        }
    }
}
