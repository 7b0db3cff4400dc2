using System.Diagnostics;

namespace ImageFabric.Engine.Tests.Support;

/// <summary>qemu-img, the peer that images are made with and compared by.</summary>
internal static class QemuImg
{
    public static void Convert(string source, string sourceFormat, string target, params string[] options) =>
        Run(["convert", "-f", sourceFormat, .. options, source, target]);

    /// <summary>Fails unless both files hold the same disk, of the same size.</summary>
    public static void AssertIdentical(string left, string leftFormat, string right, string rightFormat) =>
        Assert.Equal("Images are identical.", Run("compare", "-f", leftFormat, "-F", rightFormat, left, right).Trim());

    /// <summary>Fails unless a qcow2 file's tables are clean.</summary>
    public static void AssertClean(string image) => Assert.Contains("No errors were found", Run("check", "-f", "qcow2", image));

    public static string Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("qemu-img", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"qemu-img {string.Join(' ', arguments)}: {process.ExitCode}\n{output}{error.Result}");
        return output;
    }
}
