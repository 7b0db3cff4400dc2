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

    private static string Program(string name, string[] arguments)
    {
        var start = new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{name} {string.Join(' ', arguments)}: {process.ExitCode}\n{output}{error.Result}");
        return output;
    }

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, program)));
}
