using System.Diagnostics;
using System.Globalization;

namespace ImageFabric.Engine.Tests.Support;

/// <summary>qemu-io, which writes into a disk image of any format.</summary>
internal static class QemuIo
{
    /// <summary>Writes bytes of one value.</summary>
    public static void Write(string image, string format, long offset, int count)
    {
        string command = string.Create(CultureInfo.InvariantCulture, $"write -P 90 {offset} {count}");
        using Process process = Process.Start(new ProcessStartInfo("qemu-io", ["-f", format, "-c", command, image]) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0 && output.Contains("wrote", StringComparison.Ordinal), output);
    }
}
