using System.Diagnostics;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Syncs that are broken off leave nothing running and nothing half-done, and go on later.</summary>
[Collection(HostsCollection.Name)]
public sealed class InterruptionTests(PublishedImages images)
{
    private const long Mebi = 1 << 20;
    private const long Size = 64 * Mebi;

    // What is promised; it takes 0.1 to 0.4 s, on a machine with ten times the work it can do too.
    private static readonly TimeSpan ToThePrompt = TimeSpan.FromSeconds(2);

    [HostFact]
    public async Task CtrlC_LeavesNothingRunningAndTheSyncGoesOnLater()
    {
        PublishedImage image = await images.Large;
        KvmHost[] hosts = [Testbed.Hosts[0], Testbed.Hosts[1]];
        await using var directory = new HostDirectory(images.Store);
        (EngineAnswer answer, TimeSpan duration, string[] running) = await BreakOffAsync(directory, image, hosts, (_, processes) => processes.InterruptAsync());

        Assert.Equal(130, answer.ExitCode);
        Assert.InRange(duration, TimeSpan.Zero, ToThePrompt);
        Assert.Empty(running);
        await AssertGoesOnAsync(directory, image, hosts);
    }

    [HostFact]
    public async Task KilledClient_IsNoticedEverywhere()
    {
        PublishedImage image = await images.Large;
        KvmHost[] hosts = [Testbed.Hosts[1], Testbed.Hosts[2]];
        await using var directory = new HostDirectory(images.Store);
        (EngineAnswer answer, _, _) = await BreakOffAsync(directory, image, hosts, (sync, _) =>
        {
            sync.Kill();
            return Task.CompletedTask;
        });

        Assert.Equal(137, answer.ExitCode);
        await AssertGoesOnAsync(directory, image, hosts);
    }

    private static async Task<(EngineAnswer Answer, TimeSpan Duration, string[] Running)> BreakOffAsync(
        HostDirectory directory, PublishedImage image, KvmHost[] hosts, Func<EngineProgram, ProcessTree, Task> breakOff)
    {
        ProcessTree processes;
        (EngineAnswer Answer, TimeSpan Duration, string[] Running) end;
        await directory.InstallEngineAsync(hosts);
        SlowLink[] links = await Task.WhenAll(hosts.Select((host, i) => SlowLink.ToAsync(host, megabits: 60 / (i + 1))));
        try
        {
            await using EngineProgram sync = directory.StartSync(image.Name, hosts.Select(h => h.Name));
            await InMidTransferAsync(sync);
            processes = ProcessTree.Of(sync.Id);
            // The engine, the one that grants, and an ssh for each host.
            Assert.Equal(["imagefabric", "imagefabric", "ssh", "ssh"], processes.Programs.Order());

            long start = Stopwatch.GetTimestamp();
            await breakOff(sync, processes);
            EngineAnswer answer = await sync.FinishedAsync();
            end = (answer, Stopwatch.GetElapsedTime(start), processes.Running());
        }
        finally
        {
            foreach (SlowLink link in links)
                await link.DisposeAsync();
        }

        await processes.EndedAsync();
        foreach (KvmHost host in hosts)
        {
            await host.EnginesEndedAsync();
            Assert.Empty(await host.FilesAsync(directory.Images));
        }

        return end;
    }

    // Both hosts have said how much they want, and something of it is in place.
    private static async Task InMidTransferAsync(EngineProgram sync)
    {
        ProgressEvent progress;
        do
            progress = await sync.NextEventAsync<ProgressEvent>(EngineEvent.ProgressType);
        while (progress.BytesTotal != 2 * Size || progress.BytesDone < 4 * Mebi);
    }

    private static async Task AssertGoesOnAsync(HostDirectory directory, PublishedImage image, KvmHost[] hosts)
    {
        IReadOnlyList<SyncResult> results = (await directory.SyncAsync(image.Name, hosts.Select(h => h.Name))).Succeeded().Results<SyncResult>();

        Assert.InRange(results.Sum(r => r.BytesReused), 1, hosts.Length * Size);
        foreach (KvmHost host in hosts)
        {
            SyncResult result = results.Single(r => r.Host == host.Name);
            Assert.Equal(PullResult.Synced, result.Status);
            Assert.InRange(result.BytesFetched, 1, Size - result.BytesReused + (2 * Mebi));
            Assert.Equal(image.Digest, await host.DigestAsync(result.Path!));
            Assert.Empty(await host.FilesAsync(directory.Path + "/partial"));
        }
    }
}
