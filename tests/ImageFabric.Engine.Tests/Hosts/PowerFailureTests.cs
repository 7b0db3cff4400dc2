using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>A host that loses power in mid-transfer fails alone, and goes on when it is back.</summary>
[Collection(HostFailuresCollection.Name)]
public sealed class PowerFailureTests(PublishedImages images)
{
    private const long Mebi = 1 << 20;

    [HostFact]
    public async Task PowerFailureDuringASync_FailsThatHostAloneAndTheSyncGoesOnLater()
    {
        PublishedImage image = await images.Large;
        (KvmHost failing, KvmHost other) = (Testbed.Hosts[1], Testbed.Hosts[2]);
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync([failing]);
        await directory.SyncAsync(image.Name, other);
        EngineAnswer broken;
        await using (await SlowLink.ToAsync(failing, megabits: 120))
        {
            // Without these, ssh waits a minute for an answer from the dead.
            string[] impatient = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3"];
            await using EngineProgram sync = directory.StartSync(image.Name, [failing.Name, other.Name], impatient);
            await sync.ReachAsync(4 * Mebi);
            await Testbed.PowerAsync(failing, on: false);
            try
            {
                broken = await sync.FinishedAsync();
            }
            finally
            {
                await Testbed.PowerAsync(failing, on: true);
            }
        }

        Assert.Equal("HostUnreachable", broken.Failure().Id);
        Assert.Equal(failing.Name, broken.Failure().Target);
        Assert.Equal(PullResult.AlreadyPresent, broken.Results<SyncResult>().Single(r => r.Host == other.Name).Status);
        Assert.Empty(await failing.FilesAsync(directory.Images));

        SyncResult result = await directory.SyncAsync(image.Name, failing);

        Assert.Equal(PullResult.Synced, result.Status);
        Assert.InRange(result.BytesReused, 1, 64 * Mebi);
        Assert.Equal(image.Digest, await failing.DigestAsync(result.Path!));
    }
}
