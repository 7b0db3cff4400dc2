namespace ImageFabric.Hypervisors.Tools;

/// <summary>Finds programs as a careful shell does: in the absolute folders of PATH alone. The runtime would also start what lies in the current folder.</summary>
internal static class ProgramSearch
{
    /// <summary>The path of a program.</summary>
    /// <param name="program">Its name, or a path, which is taken as it is.</param>
    /// <returns>Null when it is in no absolute folder of PATH.</returns>
    public static string? Find(string program)
    {
        if (Path.IsPathRooted(program))
            return program;
        if (Path.GetFileName(program) != program)
            return null;
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(IsProgram);
    }

    private static bool IsProgram(string path) => File.Exists(path)
        && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
