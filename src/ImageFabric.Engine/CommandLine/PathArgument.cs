namespace ImageFabric.Engine.CommandLine;

/// <summary>Reads paths, which are relative to where the program was started.</summary>
internal static class PathArgument
{
    /// <summary>The full path.</summary>
    /// <param name="path">What was typed.</param>
    /// <param name="argument">The option or argument it was typed for.</param>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public static string Full(string path, string argument) => path.Length > 0
        ? Path.GetFullPath(path)
        : throw new OperationException("InvalidRequest", null, $"{argument} is empty.");
}
