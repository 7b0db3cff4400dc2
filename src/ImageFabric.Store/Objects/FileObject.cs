using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Store.Objects;

/// <summary>Reads an object that is a file. Faults of the file system come out as they are.</summary>
internal static class FileObject
{
    /// <summary>What is read at once when somebody waits for the parts, in bytes.</summary>
    private const int ReadPiece = 512 * 1024;

    /// <summary>A file of up to so many bytes is read in less time than it takes to have another thread read it.</summary>
    private const int Small = 64 * 1024;

    /// <summary>The whole of a file of at most <paramref name="maximumLength"/> bytes.</summary>
    public static async Task<byte[]> ReadAllAsync(string path, string key, long maximumLength, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using SafeFileHandle file = RegularFile.OpenRead(path, key);
        long length = RandomAccess.GetLength(file);
        if (length > maximumLength)
            throw ObjectLength.TooLong(key, length, maximumLength);
        byte[] content = new byte[length];
        if (length > Small || RandomAccess.Read(file, content, 0) < length)
            await FillAsync(file, key, 0, content, cancellationToken).ConfigureAwait(false);
        return content;
    }

    /// <summary>Fills the destination from <paramref name="offset"/> on.</summary>
    public static async Task ReadRangeAsync(string path, string key, long offset, Memory<byte> destination, ArrivedBytes? arrived, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using SafeFileHandle file = RegularFile.OpenRead(path, key);
        int piece = arrived is null ? destination.Length : ReadPiece;
        for (int filled = 0; filled < destination.Length;)
        {
            int count = Math.Min(piece, destination.Length - filled);
            await FillAsync(file, key, offset + filled, destination.Slice(filled, count), cancellationToken).ConfigureAwait(false);
            filled += count;
            if (arrived is not null)
                await arrived(filled, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task FillAsync(SafeFileHandle file, string key, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        int filled = 0;
        while (filled < destination.Length)
        {
            int count = await RandomAccess.ReadAsync(file, destination[filled..], offset + filled, cancellationToken).ConfigureAwait(false);
            if (count == 0)
                throw ObjectLength.TooShort(key, offset + destination.Length);
            filled += count;
        }
    }
}
