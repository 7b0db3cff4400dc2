using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks;

/// <summary>Brings a file's content to stable storage, and says so only when it is there.</summary>
public static class FileSync
{
    /// <summary>Flushes a file. When it fails, even what was written before may be lost: the file is to be written anew, never flushed once more.</summary>
    /// <param name="file">The file, open for writing.</param>
    /// <exception cref="IOException">It failed.</exception>
    public static void Flush(SafeFileHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (OperatingSystem.IsLinux())
            StableStorage.Flush(file);
        else
            RandomAccess.FlushToDisk(file);
    }
}
