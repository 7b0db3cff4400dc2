using System.Reflection;
using System.Runtime.Serialization;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

/// <summary><c>docs/design/engine-protocol.md</c>, and the messages that it is about.</summary>
internal static class EngineProtocolPage
{
    public static string Path { get; } = System.IO.Path.Combine(RepositoryRoot(), "docs", "design", "engine-protocol.md");

    public static IEnumerable<Type> Messages() =>
        typeof(EngineRequest).Assembly.GetExportedTypes().Where(t => t.GetCustomAttribute<DataContractAttribute>() is not null);

    private static string RepositoryRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory, "ImageFabric.sln")))
            directory = System.IO.Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
