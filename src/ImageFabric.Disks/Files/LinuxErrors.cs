namespace ImageFabric.Disks.Files;

/// <summary>The error numbers by which a Linux file system says that it does not have an operation, rather than that the operation failed.</summary>
internal static class LinuxErrors
{
    private const int CrossDevice = 18;
    private const int Invalid = 22;
    private const int NotForThisDevice = 25;
    private const int NoSuchCall = 38;
    private const int NotSupported = 95;

    public static bool CannotDo(int error) => error is CrossDevice or Invalid or NotForThisDevice or NoSuchCall or NotSupported;
}
