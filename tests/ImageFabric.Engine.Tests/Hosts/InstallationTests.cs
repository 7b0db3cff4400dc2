using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>The engine gets onto a host by itself, once.</summary>
[Collection(HostsCollection.Name)]
public sealed class InstallationTests(PublishedImages images)
{
    private const string Engines = "/var/lib/imagefabric/engine";

    [HostFact]
    public async Task FirstUse_InstallsTheEngineOnceHoweverManyComeAtOnce()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[0];
        await using var directory = new HostDirectory(images.Store);
        await host.RunAsync($"rm -rf '{Engines}'");

        SyncResult[] first = await Task.WhenAll(directory.SyncAsync(image.Name, host), directory.SyncAsync(image.Name, host));

        Assert.Single(first, r => r.Status == PullResult.Synced);
        Assert.Single(first, r => r.Status == PullResult.AlreadyPresent);
        string installed = Assert.Single(await host.FilesAsync(Engines));
        string digest = (await Tool.RunAsync("sha256sum", EngineProgram.Path)).Split(' ')[0];
        Assert.Equal($"{digest}/imagefabric", installed);
        Assert.Equal(digest, await host.DigestAsync($"{Engines}/{installed}"));

        string before = await host.RunAsync($"stat -c '%i %z' '{Engines}/{installed}'");
        long receivedBefore = await host.ReceivedBytesAsync();
        await directory.SyncAsync(image.Name, host);
        Assert.Equal(before, await host.RunAsync($"stat -c '%i %z' '{Engines}/{installed}'"));
        Assert.InRange(await host.ReceivedBytesAsync() - receivedBefore, 0, 100_000);
    }

    [HostFact]
    public async Task HostsTakeTheEngineFromTheStore_AndLittlePassesThroughTheAdministratorsMachine()
    {
        PublishedImage image = await images.First;
        using var scratch = new Scratch();
        await using var directory = new HostDirectory(images.Store);
        await Task.WhenAll(Testbed.Hosts.Select(host => host.RunAsync($"rm -rf '{Engines}'")));
        var link = new CountingSsh(scratch);

        EngineAnswer answer = await directory.SyncAsync(image.Name, Testbed.Hosts.Select(host => host.Name), environment: await link.InstallAsync());

        Assert.All(answer.Succeeded().Results<SyncResult>(), result => Assert.Equal(PullResult.Synced, result.Status));
        Assert.Equal(Testbed.Hosts.Count, link.TransferredBytes().Count);
        Assert.All(link.TransferredBytes(), bytes => Assert.InRange(bytes, 1, 100 * 1024));
        Assert.Single(await images.Store.KeysAsync("engines/"));
    }

    [HostFact]
    public async Task HostWithoutRoomForTheEngine_SaysSo()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[1];
        await using var directory = new HostDirectory(images.Store);
        await host.RunAsync($"rm -rf '{Engines}'; mkdir -p '{Engines}'; mount -t tmpfs -o size=8m,mode=755 tmpfs '{Engines}'");
        try
        {
            ErrorEvent error = (await directory.SyncAsync(image.Name, [host.Name])).Failure();

            Assert.Equal("EngineInstallFailed", error.Id);
            Assert.Equal(host.Name, error.Target);
            Assert.Contains("No space left on device", error.Message);
            Assert.Empty(await host.FilesAsync(Engines));
        }
        finally
        {
            await host.RunAsync($"umount '{Engines}'");
        }
    }

    [HostFact]
    public async Task CtrlCDuringTheInstallation_LeavesNothing()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[2];
        await using var directory = new HostDirectory(images.Store);
        await host.RunAsync($"rm -rf '{Engines}'");
        await using (await SlowLink.ToAsync(host, megabits: 8))
        {
            await using EngineProgram sync = directory.StartSync(image.Name, [host.Name]);
            await host.UntilAsync($"find '{Engines}' -name '.new.*' -size +0 | grep -q gz");

            sync.Send(Signal.Interrupt);

            Assert.Equal(130, (await sync.FinishedAsync()).ExitCode);
            await host.UntilAsync($"test -z \"$(pgrep -x 'head|gzip|curl|wget'; find '{Engines}' -type f)\"");
        }
    }
}
