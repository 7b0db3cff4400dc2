namespace ImageFabric.Fleet.Tests;

public sealed class HostAddressTests
{
    [Theory]
    [InlineData("kvm01", "kvm01", null, null)]
    [InlineData("kvm01.example.org:2222", "kvm01.example.org", null, 2222)]
    [InlineData("root@kvm01", "kvm01", "root", null)]
    [InlineData("admin@corp.example@kvm01:22", "kvm01", "admin@corp.example", 22)]
    [InlineData("CORP\\admin@kvm01", "kvm01", "CORP\\admin", null)]
    [InlineData("10.0.0.7:22", "10.0.0.7", null, 22)]
    [InlineData("2001:db8::7", "2001:db8::7", null, null)]
    [InlineData("fe80::1%eth0", "fe80::1%eth0", null, null)]
    [InlineData("[2001:db8::7]", "2001:db8::7", null, null)]
    [InlineData("root@[2001:db8::7]:65535", "2001:db8::7", "root", 65535)]
    [InlineData("rack_7.node-3", "rack_7.node-3", null, null)]
    public void An_address_is_read(string text, string name, string? user, int? port)
    {
        HostAddress address = HostAddress.Parse(text);
        Assert.Equal((name, user, port), (address.Name, address.User, address.Port));
        Assert.False(address.IsLocal);
    }

    [Theory]
    [InlineData("kvm01")]
    [InlineData("root@kvm01:2222")]
    [InlineData("2001:db8::7")]
    [InlineData("root@[2001:db8::7]:22")]
    public void An_address_is_written_as_it_is_read(string text) => Assert.Equal(text, HostAddress.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("@kvm01")]
    [InlineData("root@")]
    [InlineData("-oProxyCommand=id")]
    [InlineData("root@-oProxyCommand=id")]
    [InlineData("-l@kvm01")]
    [InlineData("kvm 01")]
    [InlineData("kvm01 ")]
    [InlineData("kvm01\n")]
    [InlineData("kvm\u001b[31m")]
    [InlineData("kvm01;id")]
    [InlineData("$(id)")]
    [InlineData("`id`")]
    [InlineData("ssh://kvm01")]
    [InlineData("kvm01,kvm02")]
    [InlineData("ro ot@kvm01")]
    [InlineData("ro;ot@kvm01")]
    [InlineData("kvm01:")]
    [InlineData("kvm01:0")]
    [InlineData("kvm01:65536")]
    [InlineData("kvm01:-1")]
    [InlineData("kvm01:+1")]
    [InlineData("kvm01: 1")]
    [InlineData("kvm01:ssh")]
    [InlineData("kvm01:1:2")]
    [InlineData("[2001:db8::7")]
    [InlineData("[2001:db8::7]22")]
    [InlineData("[kvm01]:22")]
    [InlineData("[]:22")]
    public void What_must_not_come_near_a_command_line_is_refused(string text)
    {
        var refused = Assert.Throws<FleetException>(() => HostAddress.Parse(text));
        Assert.Equal("InvalidRequest", refused.Error.Id);
        Assert.DoesNotContain(refused.Message, char.IsControl);
    }

    [Fact]
    public void This_machine_needs_no_SSH()
    {
        Assert.True(HostAddress.Parse("localhost").IsLocal);
        Assert.True(HostAddress.Parse("LocalHost").IsLocal);
        Assert.True(HostAddress.Parse(".").IsLocal);
        Assert.True(HostAddress.Parse(Environment.MachineName).IsLocal);
    }

    [Theory]
    [InlineData("localhost:2222")]
    [InlineData("root@localhost")]
    [InlineData("127.0.0.1")]
    public void A_login_that_is_asked_for_is_made_even_on_this_machine(string text) => Assert.False(HostAddress.Parse(text).IsLocal);

    [Fact]
    public void What_the_address_says_goes_before_what_applies_to_many()
    {
        var options = new Dictionary<string, string> { ["ProxyJump"] = "bastion" };
        HostAddress said = HostAddress.Parse("root@kvm01:2222").With("admin", 22, "/keys/id", options);
        Assert.Equal(("root", 2222, "/keys/id", "bastion"), (said.User, said.Port, said.KeyFilePath, said.Options["ProxyJump"]));

        HostAddress silent = HostAddress.Parse("kvm01").With("admin", 22, null, null);
        Assert.Equal(("admin", 22, null, 0), (silent.User, silent.Port, silent.KeyFilePath, silent.Options.Count));
    }

    [Theory]
    [InlineData("-x", null, null, "Port", "22")]
    [InlineData(null, 0, null, "Port", "22")]
    [InlineData(null, 65536, null, "Port", "22")]
    [InlineData(null, null, "", "Port", "22")]
    [InlineData(null, null, "key\n", "Port", "22")]
    [InlineData(null, null, null, "Local Command", "id")]
    [InlineData(null, null, null, "Port=22 -o", "id")]
    [InlineData(null, null, null, "", "id")]
    [InlineData(null, null, null, "Port", "22\nProxyCommand id")]
    [InlineData(null, null, null, "Port", null)]
    public void What_cannot_be_given_to_ssh_is_refused(string? user, int? port, string? key, string keyword, string? value)
    {
        var options = new Dictionary<string, string> { [keyword] = value! };
        var refused = Assert.Throws<FleetException>(() => HostAddress.Parse("kvm01").With(user, port, key, options));
        Assert.Equal("InvalidRequest", refused.Error.Id);
    }
}
