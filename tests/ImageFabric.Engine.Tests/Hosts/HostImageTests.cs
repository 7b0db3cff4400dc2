using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>The images that a host keeps: what is there, what goes, and what stays because a machine needs it.</summary>
[Collection(HostsCollection.Name)]
public sealed class HostImageTests(PublishedImages images)
{
    [HostFact]
    public async Task Images_AreListedWithWhatTheyTakeAndWhoNeedsThem()
    {
        KvmHost host = Testbed.Hosts[0];
        await using var directory = await WithBothVersionsAsync(host);
        (await directory.CreateAsync("web01", host, "--image", "tiny:1")).Succeeded();

        IReadOnlyList<HostImageResult> listed = await ListAsync(directory, host);

        Assert.Equal([("tiny:1", HostImageResult.Present), ("tiny:2", HostImageResult.Present)], listed.Select(i => (i.Image, i.State)));
        Assert.Equal([["web01"], null], listed.Select(i => i.UsedBy));
        Assert.All(listed, i => Assert.InRange(i.AllocatedSize, 10_000_000, 64 << 20));
        // The second version came by reflink from the first.
        Assert.All(listed, i => Assert.InRange(i.SharedSize!.Value, 10_000_000, i.AllocatedSize));
        Assert.All(listed, i => Assert.InRange(DateTime.UtcNow - DateTime.Parse(i.LastUsed).ToUniversalTime(), TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(10)));
    }

    [HostFact]
    public async Task ImageInUse_IsNeverRemoved_WhoeverMadeTheMachine()
    {
        KvmHost host = Testbed.Hosts[1];
        await using var directory = await WithBothVersionsAsync(host);
        string first = (await ListAsync(directory, host)).Single(i => i.Image == "tiny:1").Path;
        // A machine that is none of ours, off, on an overlay of an overlay of the image.
        string disk = directory.Path + "/theirs.qcow2";
        await host.RunAsync(
            $"qemu-img create -q -f qcow2 -b '{first}' -F raw '{directory.Path}/middle.qcow2' && qemu-img create -q -f qcow2 -b '{directory.Path}/middle.qcow2' -F qcow2 '{disk}' && " +
            $"echo \"<domain type='qemu'><name>theirs</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'>" +
            $"<driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk></devices></domain>\" | virsh define /dev/stdin");
        try
        {
            Assert.Equal(["theirs"], (await ListAsync(directory, host)).Single(i => i.Image == "tiny:1").UsedBy!);
            ErrorEvent refused = (await directory.HostAsync("remove", host, "tiny:1")).Failure();
            Assert.Equal(("ImageInUse", "tiny:1"), (refused.Id, refused.Target));
            Assert.Contains("theirs", refused.Message, StringComparison.Ordinal);

            // With a wildcard it simply stays.
            HostImageResult removed = (await directory.HostAsync("remove", host, "tiny:*")).Result<HostImageResult>();
            Assert.Equal(("tiny:2", HostImageResult.Removed), (removed.Image, removed.State));
            Assert.Equal("tiny:1", Assert.Single(await ListAsync(directory, host)).Image);
        }
        finally
        {
            await host.RunAsync("virsh undefine theirs");
        }

        (await directory.HostAsync("remove", host, "tiny:1")).Result<HostImageResult>();
        Assert.Empty(await host.FilesAsync(directory.Images));
        Assert.Empty(await host.FilesAsync(directory.Path + "/names"));
    }

    [HostFact]
    public async Task Removal_KeepsTheNewest_AndWhatWasUsedLately()
    {
        KvmHost host = Testbed.Hosts[2];
        await using var directory = await WithBothVersionsAsync(host);

        Assert.Empty((await directory.HostAsync("remove", host, "*", "--unused-days", "1")).Succeeded().Results<HostImageResult>());
        HostImageResult planned = (await directory.HostAsync("remove", host, "tiny", "--keep-last", "1", "--dry-run")).Result<HostImageResult>();
        Assert.Equal(("tiny:1", HostImageResult.Removable), (planned.Image, planned.State));
        Assert.Equal(2, (await ListAsync(directory, host)).Count);

        // So much is free already.
        Assert.Empty((await directory.HostAsync("remove", host, "*", "--free", "1M")).Succeeded().Results<HostImageResult>());
        // So much never is: what was not used for longest goes first.
        await host.RunAsync($"touch -d '2 days ago' {directory.Images}/$(basename {planned.Path} .raw).index");
        Assert.Equal(["tiny:1"], (await directory.HostAsync("remove", host, "*", "--unused-days", "1")).Succeeded().Results<HostImageResult>().Select(i => i.Image));
        Assert.Equal("tiny:2", Assert.Single(await ListAsync(directory, host)).Image);
        Assert.Equal(["tiny:2"], (await directory.HostAsync("remove", host, "*", "--free", "900T")).Succeeded().Results<HostImageResult>().Select(i => i.Image));
        Assert.Equal("ImageNotOnHost", (await directory.HostAsync("remove", host, "tiny:2")).Failure().Id);
    }

    [HostFact]
    public async Task OneFlippedBit_IsFound()
    {
        KvmHost host = Testbed.Hosts[0];
        await using var directory = await WithBothVersionsAsync(host);
        Assert.All(
            (await directory.HostAsync("verify", host, "*")).Succeeded().Results<HostImageTestResult>(),
            r => Assert.Equal((true, 0L, null), (r.Intact, r.ChunksDamaged, r.Damage)));
        HostImageResult second = (await ListAsync(directory, host)).Single(i => i.Image == "tiny:2");
        await host.RunAsync(
            $"chmod u+w '{second.Path}' && offset=$(filefrag -v '{second.Path}' | awk '$1==\"0:\" {{sub(/\\.\\./,\"\",$2); print $2*4096; exit}}') && " +
            $"printf '\\377' | dd of='{second.Path}' bs=1 seek=$((offset + 100)) conv=notrunc status=none");

        EngineAnswer answer = await directory.HostAsync("verify", host, "tiny");

        ErrorEvent error = answer.Failure();
        Assert.Equal(("HostImageCorrupt", "tiny:2"), (error.Id, error.Target));
        Assert.Equal([("tiny:1", true, 0L), ("tiny:2", false, 1L)], answer.Results<HostImageTestResult>().Select(r => (r.Image, r.Intact, r.ChunksDamaged)));
    }

    [HostFact]
    public async Task Host_IsTestedFromItsDirectoryToTheStore()
    {
        KvmHost host = Testbed.Hosts[0];
        await using var directory = new HostDirectory(images.Store);

        IReadOnlyList<HostTestResult> results = (await directory.HostAsync("test", host, images.Store.Options)).Succeeded().Results<HostTestResult>();

        Assert.Equal(
            ["ImageDirectory", "Permissions", "FreeSpace", "BlockClone", "Hypervisor", "Virtualization", "Firmware", "Network", "DiskTool", "Clock", "Store"],
            results.Select(r => r.Check));
        Assert.DoesNotContain(results, r => r.Status == HostTestResult.Failed);
        Assert.All(results, r => Assert.Equal(r.Status == HostTestResult.Passed, r.RecommendedAction is null));
        string[] elsewhere = ["--store", "s3://nowhere/x", "--endpoint", "http://127.0.0.1:9"];
        HostTestResult store = (await directory.HostAsync("test", host, elsewhere)).Succeeded().Results<HostTestResult>().Single(r => r.Check == "Store");
        Assert.Equal(HostTestResult.Failed, store.Status);
        Assert.Empty(await host.FilesAsync(directory.Path));
    }

    private async Task<HostDirectory> WithBothVersionsAsync(KvmHost host)
    {
        var directory = new HostDirectory(images.Store);
        await directory.SyncAsync((await images.First).Name, host);
        await directory.SyncAsync((await images.Second).Name, host);
        return directory;
    }

    private static async Task<IReadOnlyList<HostImageResult>> ListAsync(HostDirectory directory, KvmHost host) =>
        (await directory.HostAsync("images", host)).Succeeded().Results<HostImageResult>();
}
