namespace ImageFabric.Engine.Operations;

/// <summary>Disk image files as requests name them.</summary>
internal static class SourcePath
{
    /// <summary>The path, if there is one.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public static string Check(string? path) => string.IsNullOrEmpty(path)
        ? throw new OperationException("InvalidRequest", null, "The request names no disk image file.")
        : path;
}
