namespace ImageFabric.Store.Objects;

/// <summary>Between a file's path and its <c>file://</c> address, with every character a path can have.</summary>
internal static class FileAddress
{
    /// <summary>The address of an absolute path.</summary>
    public static Uri Of(string path)
    {
        if (OperatingSystem.IsWindows())
            return new Uri(path);

        // The Uri class reads '#', '?' and '%' of a bare Unix path in its own way, so each segment is escaped first.
        return new Uri("file://" + string.Join('/', path.Split('/').Select(Uri.EscapeDataString)));
    }

    /// <summary>The path an address stands for.</summary>
    public static string PathOf(Uri address) => OperatingSystem.IsWindows() ? address.LocalPath : Uri.UnescapeDataString(address.AbsolutePath);

    /// <summary>The store's directory, given the path of an object in it.</summary>
    public static string RootOf(string path, string key)
    {
        string relative = Path.DirectorySeparatorChar + key.Replace('/', Path.DirectorySeparatorChar);
        return path.EndsWith(relative, StringComparison.Ordinal) ? path[..^relative.Length] : Path.GetDirectoryName(path)!;
    }
}
