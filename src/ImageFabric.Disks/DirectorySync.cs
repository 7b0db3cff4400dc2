namespace ImageFabric.Disks;

/// <summary>Brings a directory's own content, the names in it, to stable storage: what makes a rename survive a power cut.</summary>
public static class DirectorySync
{
    /// <summary>Flushes a directory. Does nothing where the system has no such operation (Windows, which journals names by itself).</summary>
    /// <param name="directory">Path of the directory.</param>
    /// <exception cref="IOException">The directory cannot be opened or flushed.</exception>
    public static void Flush(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        StableStorage.FlushDirectory(directory);
    }
}
