using System.Diagnostics;

namespace ImageFabric.Hypervisors.Tests;

/// <summary>Programs of this machine that tests compare the product with.</summary>
internal static class Program
{
    /// <summary>Null when the program is on the PATH.</summary>
    public static string? WhyMissing(string program)
    {
        string[] directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return directories.Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, program))) ? null : $"{program} is not installed";
    }

    /// <summary>Runs it and gives its standard output; fails the test when it fails.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C.UTF-8";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {error.Result}{output}");
        return output;
    }
}
