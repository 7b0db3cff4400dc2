using System.Diagnostics;

namespace ImageFabric.Engine.Tests.Support;

/// <summary>The testbed's S3 service, which can be stopped and started; what is stored stays.</summary>
internal static class Gateway
{
    public static Task StopAsync() => RunAsync("stop");

    public static Task StartAsync() => RunAsync("start");

    private static async Task RunAsync(string what)
    {
        string script = Path.Combine(Repository.Root, "tests", "testbed", "gateway.sh");
        var start = new ProcessStartInfo(script, [Environment.GetEnvironmentVariable("IMAGEFABRIC_TESTBED")!, what]);
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"gateway.sh {what}: {process.ExitCode}");
    }
}

/// <summary>For tests that stop the gateway, which all others need: they run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GatewayCollection
{
    public const string Name = "stops the gateway";
}
