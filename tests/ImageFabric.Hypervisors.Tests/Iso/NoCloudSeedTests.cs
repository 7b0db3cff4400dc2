using System.Text;
using ImageFabric.Hypervisors.Seeds;

namespace ImageFabric.Hypervisors.Tests.Iso;

public sealed class NoCloudSeedTests
{
    [Fact]
    public void User_data_and_network_configuration_are_passed_on_byte_for_byte()
    {
        Dictionary<string, string> files = Files("#!/bin/sh\r\necho \"é\"", "version: 2\n");
        Assert.Equal("#!/bin/sh\r\necho \"é\"", files["user-data"]);
        Assert.Equal("version: 2\n", files["network-config"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_user_data_there_is_an_empty_cloud_config(string? none)
    {
        Dictionary<string, string> files = Files(none, none);
        Assert.Equal("#cloud-config\n", files["user-data"]);
        Assert.Equal(["meta-data", "user-data"], files.Keys.Order());
    }

    [Fact]
    public void Meta_data_names_instance_and_host_as_strings_whatever_they_look_like()
    {
        IReadOnlyList<SeedFile> files = NoCloudSeed.Files("3b0c", "1e3", userData: null, networkConfig: null);
        Assert.Equal("instance-id: \"3b0c\"\nlocal-hostname: \"1e3\"\n", Encoding.UTF8.GetString(files.Single(f => f.Name == "meta-data").Content));
    }

    [Fact]
    public void Bytes_that_are_no_text_reach_the_guest_as_they_are()
    {
        byte[] packed = [0x1f, 0x8b, 0x08, 0xff, 0xfe, 0x00], latin1 = [(byte)'#', 0xfc];
        IReadOnlyList<SeedFile> files = NoCloudSeed.Files("id", "host", packed, latin1);
        Assert.Equal(packed, files.Single(f => f.Name == "user-data").Content);
        Assert.Equal(latin1, files.Single(f => f.Name == "network-config").Content);
    }

    private static Dictionary<string, string> Files(string? userData, string? networkConfig) =>
        NoCloudSeed.Files("id", "host", Bytes(userData), Bytes(networkConfig)).ToDictionary(f => f.Name, f => Encoding.UTF8.GetString(f.Content));

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
