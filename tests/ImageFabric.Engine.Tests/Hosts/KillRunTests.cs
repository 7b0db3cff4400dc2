using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;
using Xunit.Abstractions;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>
/// Syncs in which something dies at random moments: an engine on a host, its sshd, the cable, the store's gateway, the administrator's process. A host
/// has the whole image or none, and what it has of it is not fetched again. A few runs here; <c>tests/kills.sh</c> does 200.
/// </summary>
[Collection(HostFailuresCollection.Name)]
public sealed class KillRunTests(PublishedImages images, ITestOutputHelper log)
{
    private const int UsualRuns = 4;
    private const int Megabits = 160;
    private const long Pack = 16 << 20;
    private const int MostKills = 3;

    private static readonly int Runs = Number("IMAGEFABRIC_KILL_RUNS") ?? UsualRuns;
    private static readonly int Seed = Number("IMAGEFABRIC_TEST_SEED") ?? Random.Shared.Next();

    private enum Victim
    {
        Engine,
        Sshd,
        Cable,
        Gateway,
        Administrator,
    }

    [HostFact]
    public async Task WhateverDies_EveryHostEndsWithTheWholeImageOrNone_AndNothingIsFetchedTwice()
    {
        PublishedImage image = await images.Large;
        KvmHost[] hosts = [Testbed.Hosts[0], Testbed.Hosts[1]];
        await using (var first = new HostDirectory(images.Store))
            await first.InstallEngineAsync(hosts);
        for (int run = 0; run < Runs; run++)
        {
            log.WriteLine($"IMAGEFABRIC_TEST_SEED={Seed + run} IMAGEFABRIC_KILL_RUNS=1");
            await RunAsync(new Random(Seed + run), image, hosts);
        }
    }

    private async Task RunAsync(Random random, PublishedImage image, KvmHost[] hosts)
    {
        await using var directory = new HostDirectory(images.Store);
        SlowLink[] links = await Task.WhenAll(hosts.Select(host => SlowLink.ToAsync(host, Megabits)));
        try
        {
            long[] before = await Task.WhenAll(hosts.Select(host => host.ReceivedBytesAsync()));
            int kills = random.Next(1, MostKills + 1);
            for (int kill = 0; kill < kills; kill++)
            {
                await KillOnceAsync(random, image, hosts, links, directory);
                foreach (KvmHost host in hosts)
                    await AssertWholeOrNoneAsync(host, directory, image);
            }

            IReadOnlyList<SyncResult> last = (await directory.SyncAsync(image.Name, hosts.Select(h => h.Name))).Succeeded().Results<SyncResult>();
            long[] received = await Task.WhenAll(hosts.Select(host => host.ReceivedBytesAsync()));
            for (int i = 0; i < hosts.Length; i++)
            {
                Assert.Equal(image.Digest, await hosts[i].DigestAsync(last.Single(r => r.Host == hosts[i].Name).Path!));
                Assert.Empty(await hosts[i].FilesAsync(directory.Path + "/partial"));
                // What the card took in over all attempts, with some room for headers and for what TCP sent again.
                Assert.InRange(received[i] - before[i], 1, (image.Published.BytesUploaded * 11 / 10) + (kills * Pack));
            }
        }
        finally
        {
            foreach (SlowLink link in links)
                await link.DisposeAsync();
        }
    }

    private async Task KillOnceAsync(Random random, PublishedImage image, KvmHost[] hosts, SlowLink[] links, HostDirectory directory)
    {
        var victim = (Victim)random.Next(Enum.GetValues<Victim>().Length);
        int host = random.Next(hosts.Length);
        TimeSpan moment = TimeSpan.FromSeconds(random.NextDouble() * 4);
        TimeSpan outage = TimeSpan.FromSeconds(0.3 + (random.NextDouble() * 2));
        log.WriteLine($"  {victim} of {hosts[host].Name} after {moment.TotalSeconds:0.00} s, for {outage.TotalSeconds:0.00} s");
        await using EngineProgram sync = directory.StartSync(image.Name, hosts.Select(h => h.Name), ["--timeout", "60"]);
        await Task.WhenAny(Task.Delay(moment), sync.FinishedAsync());
        switch (victim)
        {
            case Victim.Engine:
                await hosts[host].RunAsync("kill -KILL $(pgrep -x imagefabric) 2>/dev/null || true");
                break;
            case Victim.Sshd:
                await hosts[host].RunAsync("for e in $(pgrep -x imagefabric); do kill -KILL $(ps -o ppid= -p $e); done 2>/dev/null; true");
                break;
            case Victim.Cable:
                await links[host].CutAsync(outage);
                break;
            case Victim.Gateway:
                await Gateway.StopAsync();
                try
                {
                    await Task.Delay(outage);
                }
                finally
                {
                    await Gateway.StartAsync();
                }

                break;
            default:
                sync.Kill();
                break;
        }

        EngineAnswer answer = await sync.FinishedAsync();
        Assert.True(victim == Victim.Administrator ? answer.ExitCode is 137 or 0 : answer.ExitCode is 0 or 1, answer.ToString());
        await Task.WhenAll(hosts.Select(h => h.EnginesEndedAsync()));
    }

    private static async Task AssertWholeOrNoneAsync(KvmHost host, HostDirectory directory, PublishedImage image)
    {
        foreach (string file in (await host.FilesAsync(directory.Images)).Where(f => !f.EndsWith(".index", StringComparison.Ordinal)))
            Assert.Equal(image.Digest, await host.DigestAsync($"{directory.Images}/{file}"));
    }

    private static int? Number(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, null) : null;
}
