using System.Diagnostics;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Programs that the tests use beside the engine: ssh, tc, the scripts of the testbed.</summary>
internal static class Tool
{
    /// <summary>Runs a program to its end and gives what it wrote; that it fails fails the test.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}{output}");
        return output;
    }
}
