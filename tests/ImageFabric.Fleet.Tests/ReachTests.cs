using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

/// <summary>Other ways to the store: through SSH, and by a cache.</summary>
public sealed class ReachTests
{
    [Theory]
    [InlineData("http://10.0.0.1:7480", "127.0.0.1:0:10.0.0.1:7480")]
    [InlineData("https://s3.example.org", "127.0.0.1:0:s3.example.org:443")]
    [InlineData("http://[fd00::1]:9000/", "127.0.0.1:0:[fd00::1]:9000")]
    public void A_tunnel_leads_from_a_port_of_the_hosts_choice_to_the_endpoint(string endpoint, string forward) =>
        Assert.Equal(forward, StoreTunnel.To(endpoint, "image").Forward);

    [Theory]
    [InlineData(null)]
    [InlineData("file:///srv/store")]
    public void There_is_no_tunnel_to_a_directory(string? endpoint) =>
        Assert.Equal("InvalidRequest", Assert.Throws<FleetException>(() => StoreTunnel.To(endpoint, "image")).Error.Id);

    [Fact]
    public void A_tunnel_is_not_cleared_and_its_port_is_said()
    {
        List<string> arguments = [.. SshClient.Arguments(HostAddress.Parse("kvm01"), "command", null, null, StoreTunnel.To("http://10.0.0.1:7480", "image"))];

        Assert.InRange(arguments.IndexOf("ClearAllForwardings=no"), 0, arguments.IndexOf("ClearAllForwardings=yes"));
        Assert.Equal("127.0.0.1:0:10.0.0.1:7480", arguments[arguments.IndexOf("-R") + 1]);
        Assert.Equal("LogLevel=INFO", arguments.First(a => a.StartsWith("LogLevel", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_is_signed_of_an_address_is_the_same_at_a_cache()
    {
        var grants = new CachedGrants(new Granting("http://10.0.0.1:7480/bucket/a%20b/packs/aa?X-Amz-Expires=60&X-Amz-Signature=0d%2F1e"), "https://cache.example.org:8443", "image");

        GrantEvent grant = await grants.GrantAsync(new DemandEvent(), default);

        Assert.Equal("https://cache.example.org:8443/bucket/a%20b/packs/aa?X-Amz-Expires=60&X-Amz-Signature=0d%2F1e", Assert.Single(grant.Objects).Url);
    }

    [Fact]
    public async Task A_directory_has_no_cache()
    {
        var grants = new CachedGrants(new Granting("file:///srv/store/packs/aa"), "http://cache:80", "image");
        Assert.Equal("InvalidRequest", (await Assert.ThrowsAsync<FleetException>(() => grants.GrantAsync(new DemandEvent(), default))).Error.Id);
    }

    [Theory]
    [InlineData("cache.example.org")]
    [InlineData("ftp://cache.example.org")]
    [InlineData("http://cache.example.org/below")]
    public void What_is_no_address_of_a_cache_is_refused(string endpoint) =>
        Assert.Equal("InvalidRequest", Assert.Throws<FleetException>(() => new CachedGrants(new Granting(""), endpoint, "image")).Error.Id);

    private sealed class Granting(string url) : IGrantSource
    {
        public Task<GrantEvent> GrantAsync(DemandEvent demand, CancellationToken cancellationToken) =>
            Task.FromResult(new GrantEvent { Objects = [new GrantedObject { Key = "packs/aa", Url = url }] });
    }
}
