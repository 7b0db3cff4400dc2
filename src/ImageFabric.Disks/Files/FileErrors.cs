namespace ImageFabric.Disks.Files;

/// <summary>Says which stable id an error of the operating system has.</summary>
internal static class FileErrors
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static bool IsFileError(Exception error) => error is IOException or UnauthorizedAccessException;

    public static DiskException Opening(string path, Exception error) => error is FileNotFoundException or DirectoryNotFoundException
        ? new DiskException("FileNotFound", path, $"There is no file '{path}'.", innerException: error)
        : new DiskException("FileUnreadable", path, $"The file '{path}' cannot be opened: {error.Message}", innerException: error);

    public static DiskException Reading(string path, long offset, Exception error) =>
        new("FileUnreadable", path, $"The file '{path}' cannot be read: {error.Message}", offset, error);

    public static DiskException Writing(string path, Exception error) => error.HResult is NoSpace or QuotaExceeded or WindowsHandleDiskFull or WindowsDiskFull
        ? new DiskException("HostDiskFull", path, $"There is no room to write '{path}'.", innerException: error)
        : new DiskException("HostWriteFailed", path, $"The file '{path}' cannot be written: {error.Message}", innerException: error);
}
