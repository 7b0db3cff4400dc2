namespace ImageFabric.Engine.Operations;

/// <summary>
/// Where this user's engines keep what they would otherwise read from a store again: <c>IMAGEFABRIC_CACHE</c>, or <c>$XDG_CACHE_HOME/imagefabric</c>,
/// <c>~/.cache/imagefabric</c>, <c>%LOCALAPPDATA%\imagefabric\cache</c>. It may be removed at any time.
/// </summary>
internal static class UserCache
{
    /// <summary>The directory. Null: the user has no home.</summary>
    public static string? Directory => FirstSet(Environment.GetEnvironmentVariable("IMAGEFABRIC_CACHE")) is { } named ? Path.GetFullPath(named) : OfUser();

    private static string? OfUser()
    {
        if (OperatingSystem.IsWindows())
            return Below(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "imagefabric", "cache");
        return Below(FirstSet(Environment.GetEnvironmentVariable("XDG_CACHE_HOME")), "imagefabric")
            ?? Below(FirstSet(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify)), ".cache", "imagefabric");
    }

    // A relative XDG_CACHE_HOME is to be ignored, says the XDG Base Directory Specification.
    private static string? Below(string? directory, params string[] names) => Path.IsPathRooted(directory) ? Path.Combine([directory, .. names]) : null;

    private static string? FirstSet(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
