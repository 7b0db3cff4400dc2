namespace ImageFabric.Hypervisors.Machines;

/// <summary>A file locked against every other process (flock); the kernel takes the lock back when its holder dies.</summary>
internal static class ExclusiveFile
{
    // EWOULDBLOCK of Linux, and ERROR_SHARING_VIOLATION as an HRESULT: what .NET reports when another process holds the lock.
    private const int WouldBlock = 11;
    private const int SharingViolation = unchecked((int)0x80070020);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(20);

    /// <summary>Locks the file, made when missing, or gives null when another process has it.</summary>
    public static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (IOException e) when (e.HResult is WouldBlock or SharingViolation)
        {
            return null;
        }
    }

    /// <summary>Locks the file, made when missing, as soon as no other process has it.</summary>
    public static async Task<FileStream> OpenAsync(string path, CancellationToken ct)
    {
        while (true)
        {
            if (TryOpen(path) is { } stream)
                return stream;
            await Task.Delay(RetryAfter, ct).ConfigureAwait(false);
        }
    }
}
