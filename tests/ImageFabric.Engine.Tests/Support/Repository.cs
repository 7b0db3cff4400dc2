namespace ImageFabric.Engine.Tests.Support;

/// <summary>Where the sources are that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "ImageFabric.sln")))
                return directory.FullName;
        }

        throw new DirectoryNotFoundException($"{AppContext.BaseDirectory} is not within the repository.");
    }
}
