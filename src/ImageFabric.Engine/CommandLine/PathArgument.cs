namespace ImageFabric.Engine.CommandLine;

/// <summary>Reads paths, which are relative to where the program was started.</summary>
internal static class PathArgument
{
    // What the runtime makes of bytes in an argument that are not UTF-8.
    private const char Replacement = '\uFFFD';

    /// <summary>The full path.</summary>
    /// <param name="path">What was typed; <c>~</c> before a slash is the user's home, which a shell does not see after an equals sign.</param>
    /// <param name="argument">The option or argument it was typed for.</param>
    /// <exception cref="OperationException"><c>InvalidRequest</c>; <c>FileNotFound</c> for a name whose bytes are lost.</exception>
    public static string Full(string path, string argument)
    {
        if (path.Length == 0)
            throw new OperationException("InvalidRequest", null, $"{argument} is empty.");
        if (path == "-")
            throw new OperationException("InvalidRequest", path, $"{argument} is '-', but standard input and output (pipes) are not used for disks: name a file. A file called - is written ./-.");
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new OperationException("InvalidRequest", null, $"{argument} contains a NUL character, which no path has.");
        string full = Path.GetFullPath(path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? Home(path) + path[1..] : path);
        return full.Contains(Replacement, StringComparison.Ordinal) && !Path.Exists(full)
            ? throw new OperationException("FileNotFound", full, $"{argument} is not UTF-8, as names of files must be here: '{path}'. Rename the file, or name a link that leads to it.")
            : full;
    }

    private static string Home(string path) => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home
        ? home
        : throw new OperationException("InvalidRequest", path, $"'{path}' is below your home directory, which is not known: HOME is not set.");
}
