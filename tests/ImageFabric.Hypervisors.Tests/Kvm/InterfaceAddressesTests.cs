using ImageFabric.Hypervisors.Tools;

namespace ImageFabric.Hypervisors.Tests.Kvm;

public sealed class InterfaceAddressesTests
{
    [Fact]
    public void Addresses_are_read_without_prefix_loopback_and_link_local_IPv4_first()
    {
        const string Table = """
             Name       MAC address          Protocol     Address
            -------------------------------------------------------------------------------
             lo         00:00:00:00:00:00    ipv4         127.0.0.1/8
             -          -                    ipv6         ::1/128
             eth0       52:54:00:12:34:56    ipv6         2001:db8::5/64
             -          -                    ipv4         10.1.2.3/24
             -          -                    ipv6         fe80::1/64
             eth1       52:54:00:12:34:57    ipv4         169.254.3.4/16
             -          -                    ipv4         10.1.2.3/24
             eth2       52:54:00:12:34:58    N/A          N/A
            """;
        Assert.Equal(["10.1.2.3", "2001:db8::5"], InterfaceAddresses.Parse(Table));
    }

    [Fact]
    public void An_empty_table_has_none() => Assert.Empty(InterfaceAddresses.Parse("\n"));
}
