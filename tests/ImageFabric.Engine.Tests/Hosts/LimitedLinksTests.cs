using ImageFabric.Engine.Tests.Support;
using ImageFabric.Fleet.Tests.FanOut;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Syncs on limited links, with fan-out and without: what the store sends, how long it takes, and what a lost host costs.</summary>
[Collection(HostsCollection.Name)]
public sealed class LimitedLinksTests(PublishedImages images)
{
    private const double Mega = 1e6;
    private static readonly string[] Everywhere = [.. Testbed.Hosts.Select(h => h.Name)];

    [HostFact]
    public async Task Store_SendsOneCopyAndHostsTheRest_AboutAsFastAsTheModelSays()
    {
        PublishedImage image = await images.Large;
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync(Testbed.Hosts);
        await using LinkShape links = await LinkShape.LimitAsync(store: 60, hosts: 40);
        long before = links.StoreSentBytes();

        IReadOnlyList<SyncResult> results = (await directory.SyncAsync(image.Name, Everywhere, ["--fan-out"])).Succeeded().Results<SyncResult>();

        long sent = links.StoreSentBytes() - before;
        Assert.Equal(Everywhere.Length, results.Count);
        foreach (SyncResult result in results)
            Assert.Equal(image.Digest, await Testbed.Hosts.Single(h => h.Name == result.Host).DigestAsync(result.Path!));
        long wire = image.Published.BytesUploaded;
        // About one copy; two when hosts begin at different times on busy processors.
        Assert.InRange(sent, wire, wire * 2);
        Assert.InRange(results.Sum(r => r.BytesFetched), wire * 9 / 10, wire * 2);
        Assert.InRange(results.Sum(r => r.BytesFromHosts), wire * (Everywhere.Length - 2.1), wire * Everywhere.Length);

        SimulatedSync model = FanOutSimulation.Run([.. Everywhere.Select(_ => new SimulatedHost(40 * Mega, 40 * Mega))], 60 * Mega, wire, pieces: 64, latency: 0.01);
        double took = results.Max(r => r.DurationSeconds);
        // Beside the links there are three engines, the store and whatever else on this machine's processors.
        Assert.InRange(took, model.Seconds * 0.85, (model.Seconds * 1.3) + 5);
    }

    [HostFact]
    public async Task PlainSync_FillsTheLinkOfTheStore()
    {
        PublishedImage image = await images.Large;
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync(Testbed.Hosts);
        await using LinkShape links = await LinkShape.LimitAsync(store: 150, hosts: 100);

        IReadOnlyList<SyncResult> results = (await directory.SyncAsync(image.Name, Everywhere)).Succeeded().Results<SyncResult>();

        double limit = results.Sum(r => r.BytesFetched) * 8 / (150 * Mega);
        Assert.InRange(results.Max(r => r.DurationSeconds), limit * 0.9, (limit * 1.15) + 3);
    }

    [HostFact]
    public async Task BandwidthLimit_HoldsBackWhatComesToAHost()
    {
        const int Limit = 20_000_000;
        PublishedImage image = await images.Large;
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync(Testbed.Hosts);

        SyncResult result = (await directory.SyncAsync(image.Name, [Testbed.Hosts[0].Name], ["--bandwidth-limit", $"{Limit}"])).Succeeded().Result<SyncResult>();

        Assert.Equal(image.Digest, await Testbed.Hosts[0].DigestAsync(result.Path!));

        // A tenth of a second of the rate may come at once.
        Assert.InRange(result.DurationSeconds, ((double)result.BytesFetched / Limit) - 0.1, double.MaxValue);
    }

    [HostFact]
    public async Task HostThatHasTheImage_GivesItToTheNext()
    {
        PublishedImage image = await images.Large;
        await using var directory = new HostDirectory(images.Store);
        await directory.SyncAsync(image.Name, Testbed.Hosts[0]);

        IReadOnlyList<SyncResult> results = (await directory.SyncAsync(image.Name, Everywhere, ["--fan-out"])).Succeeded().Results<SyncResult>();

        Assert.Equal(PullResult.AlreadyPresent, results.Single(r => r.Host == Everywhere[0]).Status);
        Assert.InRange(results.Sum(r => r.BytesFetched), 0, image.Published.BytesUploaded * 4 / 5);
        foreach (SyncResult result in results)
            Assert.Equal(image.Digest, await Testbed.Hosts.Single(h => h.Name == result.Host).DigestAsync(result.Path!));
        foreach (KvmHost host in Testbed.Hosts)
            await host.EnginesEndedAsync();
    }

    [HostFact]
    public async Task LostHost_FailsAloneAndTheOthersFinish()
    {
        PublishedImage image = await images.Large;
        KvmHost lost = Testbed.Hosts[1];
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync(Testbed.Hosts);
        await using LinkShape links = await LinkShape.LimitAsync(store: 100, hosts: 60);

        await using EngineProgram sync = directory.StartSync(image.Name, Everywhere, ["--fan-out"]);
        await Task.Delay(TimeSpan.FromSeconds(5));
        // Its engine, as the kernel would kill it for want of memory.
        await lost.RunAsync("for p in $(pidof imagefabric); do kill -9 $p; done");
        EngineAnswer answer = await sync.FinishedAsync();

        IReadOnlyList<SyncResult> results = answer.Results<SyncResult>();
        Assert.Equal("Failed", results.Single(r => r.Host == lost.Name).Status);
        foreach (SyncResult result in results.Where(r => r.Host != lost.Name))
            Assert.Equal(image.Digest, await Testbed.Hosts.Single(h => h.Name == result.Host).DigestAsync(result.Path!));

        SyncResult again = (await directory.SyncAsync(image.Name, [lost.Name], ["--fan-out"])).Result<SyncResult>();
        Assert.Equal(image.Digest, await lost.DigestAsync(again.Path!));
    }
}
