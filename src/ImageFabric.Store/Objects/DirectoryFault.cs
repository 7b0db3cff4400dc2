namespace ImageFabric.Store.Objects;

/// <summary>What the system's own number in an <see cref="IOException"/> means.</summary>
internal static class DirectoryFault
{
    private const int LinuxNoSpace = 28;
    private const int LinuxQuota = 122;
    private const int LinuxReadOnly = 30;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsQuota = unchecked((int)0x80070510);
    private const int WindowsWriteProtected = unchecked((int)0x80070013);

    /// <summary>True when there is no room, or none for this user.</summary>
    public static bool IsFull(IOException error) => OperatingSystem.IsWindows()
        ? error.HResult is WindowsDiskFull or WindowsHandleDiskFull or WindowsQuota
        : error.HResult is LinuxNoSpace or LinuxQuota;

    /// <summary>True when the file system takes no writes at all.</summary>
    public static bool IsReadOnly(IOException error) => OperatingSystem.IsWindows()
        ? error.HResult == WindowsWriteProtected
        : error.HResult == LinuxReadOnly;
}
