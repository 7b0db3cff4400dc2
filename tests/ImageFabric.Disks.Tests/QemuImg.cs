using System.Diagnostics;

namespace ImageFabric.Disks.Tests;

/// <summary>qemu's own tools, the reference that images are made with and compared by.</summary>
internal static class QemuImg
{
    public static string? WhyNot { get; } = OnPath("qemu-img") && OnPath("qemu-io") ? null : "qemu-img and qemu-io are not installed";

    public static string Run(params string[] arguments) => Program("qemu-img", arguments);

    /// <summary>Runs qemu-io commands, such as <c>write -P 7 64k 4k</c>, on an image.</summary>
    public static string Io(string image, string format, params string[] commands)
    {
        List<string> arguments = ["-f", format];
        foreach (string command in commands)
            arguments.AddRange(["-c", command]);
        arguments.Add(image);
        string output = Program("qemu-io", [.. arguments]);
        Assert.DoesNotContain("failed", output);
        Assert.DoesNotContain("error", output);
        return output;
    }

    /// <summary>True when qemu-img ends well.</summary>
    public static bool TryRun(params string[] arguments) => Start("qemu-img", arguments).ExitCode == 0;

    private static string Program(string name, string[] arguments)
    {
        (int exitCode, string output, string error) = Start(name, arguments);
        Assert.True(exitCode == 0, $"{name} {string.Join(' ', arguments)}: {exitCode}\n{output}{error}");
        return output;
    }

    private static (int ExitCode, string Output, string Error) Start(string name, string[] arguments)
    {
        var start = new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, program)));
}
