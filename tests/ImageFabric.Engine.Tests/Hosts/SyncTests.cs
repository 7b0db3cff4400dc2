using System.Globalization;
using System.Text.RegularExpressions;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Bringing images to hosts: what moves, and where.</summary>
[Collection(HostsCollection.Name)]
public sealed partial class SyncTests(PublishedImages images)
{
    private static readonly string[] Everywhere = [.. Testbed.Hosts.Select(h => h.Name)];

    [HostFact]
    public async Task FirstSync_BringsTheWholeImageToEveryHost()
    {
        PublishedImage image = await images.First;
        await using var directory = new HostDirectory(images.Store);

        IReadOnlyList<SyncResult> results = (await directory.SyncAsync(image.Name, Everywhere)).Succeeded().Results<SyncResult>();

        Assert.Equal(Everywhere.Order(), results.Select(r => r.Host).Order());
        foreach (SyncResult result in results)
        {
            Assert.Equal(PullResult.Synced, result.Status);
            Assert.Equal(image.Name, result.Image);
            Assert.Equal(image.Published.ImageId, result.ImageId);
            Assert.InRange(result.BytesFetched, image.Published.BytesUploaded * 9 / 10, image.Published.BytesUploaded * 11 / 10);
            Assert.Equal(0, result.BytesReused);
        }

        foreach (KvmHost host in Testbed.Hosts)
        {
            string path = results.Single(r => r.Host == host.Name).Path!;
            Assert.StartsWith(directory.Images, path);
            Assert.Equal(image.Digest, await host.DigestAsync(path));
            Assert.Equal("444", (await host.RunAsync($"stat -c %a '{path}'")).Trim());
        }
    }

    [HostFact]
    public async Task SecondSync_FetchesNothing()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[0];
        await using var directory = new HostDirectory(images.Store);
        long before = await host.ReceivedBytesAsync();
        SyncResult first = await directory.SyncAsync(image.Name, host);
        long between = await host.ReceivedBytesAsync();

        SyncResult second = await directory.SyncAsync(image.Name, host);

        long after = await host.ReceivedBytesAsync();
        Assert.Equal(PullResult.AlreadyPresent, second.Status);
        Assert.Equal(0, second.BytesFetched);
        Assert.Equal(first.Path, second.Path);
        // The host's network card says the same.
        Assert.InRange(between - before, first.BytesFetched, long.MaxValue);
        Assert.InRange(after - between, 0, 100_000);
    }

    [HostTheory]
    [InlineData("vhdx", "vhdx")]
    [InlineData("vhd", "vpc")]
    [InlineData("vmdk", "vmdk")]
    [InlineData("qcow2", "qcow2")]
    public async Task AnotherFormat_IsMadeFromWhatTheHostHas(string format, string driver)
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[2];
        await using var directory = new HostDirectory(images.Store);
        SyncResult raw = await directory.SyncAsync(image.Name, host);

        SyncResult result = (await directory.SyncAsync(image.Name, [host.Name], ["--format", format])).Result<SyncResult>();

        Assert.Equal(PullResult.Synced, result.Status);
        Assert.EndsWith("." + format, result.Path!);
        // Nothing but the index crosses the wire.
        Assert.InRange(result.BytesFetched, 0, 200_000);
        Assert.Contains("identical", await host.RunAsync($"qemu-img compare -f raw -F {driver} '{raw.Path}' '{result.Path}'"));
    }

    [HostFact]
    public async Task NewVersion_SharesWhatTheHostHas()
    {
        PublishedImage image = await images.Second;
        KvmHost host = Testbed.Hosts[1];
        await using var directory = new HostDirectory(images.Store);
        await directory.SyncAsync((await images.First).Name, host);

        SyncResult result = await directory.SyncAsync(image.Name, host);

        Assert.Equal(PullResult.Synced, result.Status);
        Assert.InRange(result.BytesFetched, 1, image.Published.BytesUploaded + 100_000);
        Assert.InRange(result.BytesReused, 15_000_000, image.Published.BytesRead);
        Assert.Equal(image.Digest, await host.DigestAsync(result.Path!));
        Assert.InRange(await SharedBytesAsync(host, result.Path!), result.BytesReused * 9 / 10, long.MaxValue);
    }

    [HostFact]
    public async Task ImageData_NeverPassesThroughTheAdministratorsMachine()
    {
        PublishedImage image = await images.First;
        using var scratch = new Scratch();
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync(Testbed.Hosts);
        var link = new CountingSsh(scratch);

        EngineAnswer answer = await directory.SyncAsync(image.Name, Everywhere, environment: await link.InstallAsync());

        Assert.All(answer.Succeeded().Results<SyncResult>(), r => Assert.InRange(r.BytesFetched, 10_000_000, long.MaxValue));
        Assert.Equal(Everywhere.Length, link.TransferredBytes().Count);
        Assert.All(link.TransferredBytes(), bytes => Assert.InRange(bytes, 1, 100 * 1024));
    }

    [HostFact]
    public async Task SyncsOfOneImageAtOnce_FetchItOnce()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[2];
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync([host]);
        long before = await host.ReceivedBytesAsync();

        SyncResult[] results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => directory.SyncAsync(image.Name, host)));

        Assert.Equal([PullResult.AlreadyPresent, PullResult.AlreadyPresent, PullResult.Synced], results.Select(r => r.Status).Order());
        SyncResult synced = results.Single(r => r.Status == PullResult.Synced);
        Assert.All(results, r => Assert.Equal(synced.Path, r.Path));
        Assert.Equal(synced.BytesFetched, results.Sum(r => r.BytesFetched));
        Assert.InRange(await host.ReceivedBytesAsync() - before, synced.BytesFetched, synced.BytesFetched * 3 / 2);
        Assert.Equal(image.Digest, await host.DigestAsync(synced.Path!));
    }

    [HostFact]
    public async Task SlowHost_IsGivenUpAfterItsTime()
    {
        PublishedImage image = await images.First;
        (KvmHost slow, KvmHost quick) = (Testbed.Hosts[0], Testbed.Hosts[1]);
        await using var directory = new HostDirectory(images.Store);
        await using SlowLink link = await SlowLink.ToAsync(slow, megabits: 1);

        EngineAnswer answer = await directory.SyncAsync(image.Name, [slow.Name, quick.Name], ["--timeout", "12"]);

        Assert.Equal("HostTimeout", answer.Failure().Id);
        Assert.Equal(slow.Name, answer.Failure().Target);
        Assert.Equal(PullResult.Synced, answer.Results<SyncResult>().Single(r => r.Host == quick.Name).Status);
        Assert.Equal("Failed", answer.Results<SyncResult>().Single(r => r.Host == slow.Name).Status);
        await slow.EnginesEndedAsync();
    }

    [HostFact]
    public async Task DirectoryStore_IsNoStoreForARemoteHost()
    {
        using var scratch = new Scratch();
        TestStore store = TestStore.InDirectory(scratch["store"]);
        (await store.PublishAsync(SampleDisk.Make(scratch["disk.raw"], 1 << 20, 1 << 16), "1")).Succeeded();
        await using var directory = new HostDirectory(store);

        ErrorEvent error = (await directory.SyncAsync("disk:1", [Testbed.Hosts[0].Name])).Failure();

        Assert.Equal("StoreNotReachableFromHost", error.Id);
        Assert.Equal(Testbed.Hosts[0].Name, error.Target);
        Assert.Contains(scratch["store"], error.Message);
    }

    [HostFact]
    public async Task HostWithoutRoom_SaysSoBeforeTheTransfer()
    {
        PublishedImage image = await images.Large;
        KvmHost host = Testbed.Hosts[1];
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync([host]);
        await host.RunAsync($"mkdir '{directory.Path}' && mount -t tmpfs -o size=40m tmpfs '{directory.Path}'");
        try
        {
            long before = await host.ReceivedBytesAsync();
            ErrorEvent error = (await directory.SyncAsync(image.Name, [host.Name])).Failure();

            Assert.Equal("HostDiskFull", error.Id);
            Assert.Equal(host.Name, error.Target);
            Assert.InRange(await host.ReceivedBytesAsync() - before, 1, 1 << 20);
            Assert.Empty(await host.FilesAsync(directory.Images));
        }
        finally
        {
            await host.RunAsync($"umount '{directory.Path}'");
        }
    }

    [HostFact]
    public async Task HostThatFillsUpDuringTheTransfer_SaysSoAndGoesOnWhenThereIsRoom()
    {
        PublishedImage image = await images.Large;
        KvmHost host = Testbed.Hosts[1];
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync([host]);
        await host.RunAsync($"mkdir '{directory.Path}' && mount -t tmpfs -o size=100m tmpfs '{directory.Path}'");
        try
        {
            ErrorEvent error;
            await using (await SlowLink.ToAsync(host, megabits: 40))
            {
                await using EngineProgram sync = directory.StartSync(image.Name, [host.Name]);
                await sync.NextEventAsync<ProgressEvent>(EngineEvent.ProgressType);
                await host.RunAsync($"dd if=/dev/zero of='{directory.Path}/filler' bs=1M count=100 2>/dev/null; true");
                error = (await sync.FinishedAsync()).Failure();
            }

            Assert.Equal("HostDiskFull", error.Id);
            Assert.Equal(host.Name, error.Target);
            Assert.Empty(await host.FilesAsync(directory.Images));

            await host.RunAsync($"rm '{directory.Path}/filler'");
            SyncResult result = await directory.SyncAsync(image.Name, host);
            Assert.Equal(PullResult.Synced, result.Status);
            Assert.InRange(result.BytesReused, 1, 64 << 20);
            Assert.Equal(image.Digest, await host.DigestAsync(result.Path!));
        }
        finally
        {
            await host.RunAsync($"umount '{directory.Path}'");
        }
    }

    /// <summary>Bytes of a file that other files have too, as its file system says.</summary>
    private static async Task<long> SharedBytesAsync(KvmHost host, string path)
    {
        string extents = await host.RunAsync($"filefrag -v '{path}'");
        return ExtentLine().Matches(extents).Where(m => m.Groups["flags"].Value.Contains("shared"))
            .Sum(m => long.Parse(m.Groups["blocks"].Value, CultureInfo.InvariantCulture)) * 4096;
    }

    [GeneratedRegex(@"^\s*\d+:\s+\d+\.\.\s*\d+:\s+\d+\.\.\s*\d+:\s+(?<blocks>\d+):(?<flags>.*)$", RegexOptions.Multiline)]
    private static partial Regex ExtentLine();
}
