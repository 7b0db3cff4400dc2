using System.Globalization;
using ImageFabric.Engine.Tests.Hosts;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;
using Xunit.Abstractions;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>Five hundred hosts in one sync, all at the same time: what that takes on the administrator's machine.</summary>
public sealed class FleetScaleTests(ITestOutputHelper log) : IDisposable
{
    private const int Count = 500;
    private const long Megabyte = 1_000_000;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public async Task Five_hundred_hosts_at_once_are_synced_in_little_memory()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        (await store.PublishAsync(SampleDisk.Make(scratch["disk.raw"], 1 << 20, 1 << 16), "1")).Succeeded();
        Directory.CreateDirectory(scratch["there"]);
        Directory.CreateDirectory(scratch["bin"]);
        File.CreateSymbolicLink(scratch["bin/ssh"], Path.Combine(Repository.Root, "tests", "testbed", "stub-ssh.sh"));
        string[] names = [.. Enumerable.Range(1, Count).Select(i => $"sim{i:000}")];
        var environment = new Dictionary<string, string?> { ["PATH"] = $"{scratch["bin"]}:{Environment.GetEnvironmentVariable("PATH")}", ["IMAGEFABRIC_STUB_DIRECTORY"] = scratch.Path };

        await using EngineProgram sync = EngineProgram.Start(
            ["sync", "disk:1", "--throttle", $"{Count}", .. names.SelectMany(name => new[] { "--host", name }), .. store.Options, "--json"], environment);
        while (!sync.HasEnded && Directory.GetFiles(scratch["there"]).Length < Count)
            await Task.Delay(100);
        long[] engines = [.. ProcessTree.Of(sync.Id).Named("imagefabric").Select(PeakMemory)];
        await File.WriteAllTextAsync(scratch["all"], "");
        EngineAnswer answer = await sync.FinishedAsync();

        log.WriteLine($"at most {sync.PeakMemory / Megabyte} MB, and {string.Join(" and ", engines.Select(peak => peak / Megabyte))} MB when all {Count} were there");
        SyncResult[] results = [.. answer.Succeeded().Results<SyncResult>()];
        Assert.Equal(names, results.Select(result => result.Host).Order());
        Assert.All(results, result => Assert.Equal(PullResult.Synced, result.Status));
        // The one that syncs, and the one that grants.
        Assert.Equal(2, engines.Length);
        Assert.InRange(engines.Sum(), 20 * Megabyte, 300 * Megabyte);
        Assert.InRange(sync.PeakMemory, 10 * Megabyte, 250 * Megabyte);
    }

    private static long PeakMemory(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
