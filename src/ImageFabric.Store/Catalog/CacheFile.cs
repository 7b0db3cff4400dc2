namespace ImageFabric.Store.Catalog;

/// <summary>Files of a user's cache, which only the user can read. Where they cannot be written or read, there is no cache, and that is no error.</summary>
internal static class CacheFile
{
    /// <summary>The file's bytes, or null when there is none.</summary>
    public static async Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a file whole or not at all.</summary>
    /// <returns>False when that cannot be.</returns>
    public static async Task<bool> TryWriteAsync(string path, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        string temporary = Temporary(path);
        try
        {
            MakeDirectory(Path.GetDirectoryName(path)!);
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
                await write(file, cancellationToken).ConfigureAwait(false);
            File.Move(temporary, path, overwrite: true);
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            Discard(temporary);
        }
    }

    /// <summary>A name beside a file for what becomes it.</summary>
    public static string Temporary(string path) => $"{path}.{Guid.NewGuid():N}";

    /// <summary>Makes a directory of the user's own, with those above it.</summary>
    public static void MakeDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Removes a file; what cannot be removed stays.</summary>
    public static void Discard(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return;
        }
    }
}
