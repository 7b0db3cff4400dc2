namespace ImageFabric.Fleet.Tests;

/// <summary>A fact that needs a Linux shell, and perhaps other programs, to play engine and host.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute(params string[] programs) => Skip = Requirement.Missing(programs);
}

/// <summary>A theory that needs a Linux shell to play engine and host.</summary>
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute(params string[] programs) => Skip = Requirement.Missing(programs);
}

internal static class Requirement
{
    public static string? Missing(string[] programs)
    {
        if (!OperatingSystem.IsLinux())
            return "needs Linux";
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        return programs.FirstOrDefault(p => !path.Any(d => File.Exists(Path.Combine(d, p)))) is { } missing ? $"needs {missing}" : null;
    }
}
