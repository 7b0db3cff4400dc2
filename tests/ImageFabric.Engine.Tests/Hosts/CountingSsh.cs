using System.Globalization;
using System.Text.RegularExpressions;
using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>An ssh before the real one that has it write down what went over its connection.</summary>
internal sealed partial class CountingSsh(Scratch scratch)
{
    /// <summary>Puts it in front of the real one.</summary>
    /// <returns>The environment that finds it.</returns>
    public async Task<Dictionary<string, string?>> InstallAsync()
    {
        string path = Environment.GetEnvironmentVariable("PATH")!;
        string ssh = path.Split(':').Select(d => Path.Combine(d, "ssh")).First(File.Exists);
        Directory.CreateDirectory(scratch["bin"]);
        await File.WriteAllTextAsync(scratch["bin/ssh"], $"#!/bin/sh\nexec '{ssh}' -E '{scratch.Path}'/$$.log -o LogLevel=VERBOSE \"$@\"\n");
        await Tool.RunAsync("chmod", "755", scratch["bin/ssh"]);
        return new Dictionary<string, string?> { ["PATH"] = $"{scratch["bin"]}:{path}" };
    }

    /// <summary>Bytes in both directions, of each connection that has ended.</summary>
    public IReadOnlyList<long> TransferredBytes() => [.. Directory.EnumerateFiles(scratch.Path, "*.log").Select(log => Sum(File.ReadAllText(log)))];

    private static long Sum(string log)
    {
        Match match = TransferLine().Match(log);
        Assert.True(match.Success, $"ssh did not say what it transferred: {log}");
        return long.Parse(match.Groups["sent"].Value, CultureInfo.InvariantCulture) + long.Parse(match.Groups["received"].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"Transferred: sent (?<sent>\d+), received (?<received>\d+) bytes")]
    private static partial Regex TransferLine();
}
