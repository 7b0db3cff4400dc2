using System.Globalization;

namespace ImageFabric.Store.Pull;

/// <summary>Foresees a full disk before anything is fetched for it.</summary>
internal static class RoomCheck
{
    /// <summary>Looks whether a file's file system has room for so many bytes more.</summary>
    /// <exception cref="StoreException"><c>HostDiskFull</c>.</exception>
    public static void Run(string path, long bytes)
    {
        if (FreeBytes(path) is { } free && free < bytes)
        {
            throw new StoreException(
                "HostDiskFull", path, string.Create(CultureInfo.InvariantCulture, $"There is no room for the image: {bytes:N0} bytes are still to be written to {path}, and {free:N0} are free."));
        }
    }

    // Null: the file system does not tell, as a Windows share does not.
    private static long? FreeBytes(string path)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        try
        {
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(directory)! : directory).AvailableFreeSpace;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
