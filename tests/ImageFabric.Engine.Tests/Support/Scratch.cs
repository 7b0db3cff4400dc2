namespace ImageFabric.Engine.Tests.Support;

/// <summary>A directory for one test's files, removed with them.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("imagefabric-engine-");

    public string Path => directory.FullName;

    /// <summary>The path of a file or directory in it.</summary>
    public string this[string name] => System.IO.Path.Combine(directory.FullName, name);

    public void Dispose() => directory.Delete(recursive: true);
}
