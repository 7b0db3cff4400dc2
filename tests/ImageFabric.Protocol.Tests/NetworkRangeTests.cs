using System.Net;
using Xunit;

namespace ImageFabric.Protocol.Tests;

public sealed class NetworkRangeTests
{
    [Theory]
    [InlineData("10.1.0.0/16", "10.1.255.7", true)]
    [InlineData("10.1.0.0/16", "10.2.0.1", false)]
    [InlineData("10.1.0.0/16", "::ffff:10.1.2.3", true)]
    [InlineData("10.1.2.3", "10.1.2.3", true)]
    [InlineData("10.1.2.3", "10.1.2.4", false)]
    [InlineData("192.168.4.128/25", "192.168.4.127", false)]
    [InlineData("192.168.4.128/25", "192.168.4.129", true)]
    [InlineData("0.0.0.0/0", "203.0.113.9", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("2001:db8::/32", "2001:db8:1::9", true)]
    [InlineData("2001:db8::/32", "2001:db9::9", false)]
    public void An_address_is_in_a_network_or_not(string network, string address, bool within)
    {
        Assert.True(NetworkRange.TryParse(network, out NetworkRange? range));
        Assert.Equal(within, range!.Contains(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("10.1")]
    [InlineData("10.1.0.0/33")]
    [InlineData("10.1.0.0/-1")]
    [InlineData("10.1.0.0/")]
    [InlineData("10.1.0.0/16/8")]
    [InlineData("2001:db8::/129")]
    [InlineData("example.org/8")]
    [InlineData("0x0a000000/8")]
    public void What_is_no_network_is_refused(string? text) => Assert.False(NetworkRange.TryParse(text, out _));
}
