using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Hosts that do not reach the store directly.</summary>
[Collection(HostsCollection.Name)]
public sealed class ReachTests(PublishedImages images)
{
    private const string Closed = "iptables -I OUTPUT -p tcp --dport 7480 -j REJECT";
    private const string Open = "iptables -D OUTPUT -p tcp --dport 7480 -j REJECT";

    [HostFact]
    public async Task Tunnel_CarriesTheStoreThroughSsh()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[0];
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync([host]);
        await host.RunAsync(Closed);
        try
        {
            SyncResult result = (await directory.SyncAsync(image.Name, [host.Name], ["--tunnel"])).Result<SyncResult>();

            Assert.Equal(PullResult.Synced, result.Status);
            Assert.Equal(image.Digest, await host.DigestAsync(result.Path!));
        }
        finally
        {
            await host.RunAsync(Open);
        }
    }

    [HostFact]
    public async Task Tunnel_ThatTheHostRefuses_IsSaidSo()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[1];
        await using var directory = new HostDirectory(images.Store);
        await host.RunAsync("sed -i 's/^/no-port-forwarding /' /root/.ssh/authorized_keys");
        try
        {
            ErrorEvent error = (await directory.SyncAsync(image.Name, [host.Name], ["--tunnel"])).Failure();

            Assert.Equal("TunnelRefused", error.Id);
            Assert.Equal(host.Name, error.Target);
        }
        finally
        {
            await host.RunAsync("sed -i 's/^no-port-forwarding //' /root/.ssh/authorized_keys");
        }
    }

    [NginxFact]
    public async Task CacheEndpoint_GivesTheSecondHostWhatTheFirstFetched()
    {
        PublishedImage image = await images.First;
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync(Testbed.Hosts);
        await using Nginx cache = await Nginx.StartAsync(Nginx.Cache);
        string[] options = ["--cache-endpoint", cache.Endpoint];

        SyncResult first = (await directory.SyncAsync(image.Name, [Testbed.Hosts[0].Name], options)).Result<SyncResult>();
        int asked = cache.Lines().Length;
        SyncResult second = (await directory.SyncAsync(image.Name, [Testbed.Hosts[1].Name], options)).Result<SyncResult>();

        Assert.Equal(image.Digest, await Testbed.Hosts[0].DigestAsync(first.Path!));
        Assert.Equal(image.Digest, await Testbed.Hosts[1].DigestAsync(second.Path!));
        Assert.True(asked > 0);
        string[] later = cache.Lines()[asked..];
        Assert.NotEmpty(later);
        Assert.All(later, line => Assert.Contains(" HIT ", line, StringComparison.Ordinal));
    }

    [NginxFact]
    public async Task ProxyOfTheHostsEnvironment_IsUsed()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[2];
        await using var directory = new HostDirectory(images.Store);
        await directory.InstallEngineAsync([host]);
        await using Nginx proxy = await Nginx.StartAsync(Nginx.Proxy);
        await host.RunAsync($"echo 'export http_proxy={proxy.Endpoint}' > /root/.bashrc; {Closed}");
        try
        {
            SyncResult result = (await directory.SyncAsync(image.Name, [host.Name])).Result<SyncResult>();

            Assert.Equal(image.Digest, await host.DigestAsync(result.Path!));
            Assert.NotEmpty(proxy.Lines());
        }
        finally
        {
            await host.RunAsync($"rm -f /root/.bashrc; {Open}");
        }
    }
}
