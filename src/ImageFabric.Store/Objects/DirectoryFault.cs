namespace ImageFabric.Store.Objects;

/// <summary>What the system's own number in an exception means.</summary>
internal static class DirectoryFault
{
    private const int LinuxNoSpace = 28;
    private const int LinuxQuota = 122;
    private const int LinuxReadOnly = 30;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsQuota = unchecked((int)0x80070510);
    private const int WindowsWriteProtected = unchecked((int)0x80070013);

    /// <summary>The error for a fault of the file system.</summary>
    /// <param name="error">The fault.</param>
    /// <param name="root">The store's directory.</param>
    /// <param name="target">The object.</param>
    public static StoreException Describe(Exception error, string root, string target) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException when !Directory.Exists(root) =>
            new StoreException("StoreNotFound", root, $"The directory {root} does not exist.", error),
        FileNotFoundException or DirectoryNotFoundException =>
            new StoreException("ObjectMissing", target, $"The store {root} has no object {target}.", error),
        UnauthorizedAccessException => new StoreException("StoreAccessDenied", target, error.Message, error),
        IOException io when IsFull(io) => new StoreException("StoreFull", root, $"There is no room in {root}.", error),
        IOException io when IsReadOnly(io) => new StoreException("StoreAccessDenied", root, $"{root} is read-only.", error),
        _ => new StoreException("StoreUnreachable", target, error.Message, error),
    };

    private static bool IsFull(IOException error) => OperatingSystem.IsWindows()
        ? error.HResult is WindowsDiskFull or WindowsHandleDiskFull or WindowsQuota
        : error.HResult is LinuxNoSpace or LinuxQuota;

    private static bool IsReadOnly(IOException error) => OperatingSystem.IsWindows()
        ? error.HResult == WindowsWriteProtected
        : error.HResult == LinuxReadOnly;
}
