using System.Text;
using ImageFabric.Hypervisors.Seeds;

namespace ImageFabric.Hypervisors.Tests.Iso;

public sealed class CloudInitHeaderTests
{
    [Theory]
    [InlineData("")]
    [InlineData("#cloud-config\nusers: []\n")]
    [InlineData("#cloud-config\r\nusers: []\r\n")]
    [InlineData("#!/bin/sh\nls\n")]
    [InlineData("## template: jinja\n#cloud-config\n")]
    [InlineData("#include\nhttps://example.org/seed\n")]
    [InlineData("#cloud-boothook\n#!/bin/sh\n")]
    [InlineData("#cloud-config-archive\n- content: x\n")]
    [InlineData("#part-handler\ndef list_types(): return []\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=b\n\n--b--\n")]
    [InlineData("\u001f\u008b\u0008")]
    public void What_cloud_init_takes_is_passed_on_without_a_word(string latin1) => Assert.Null(CloudInitHeader.WhyIgnored(Encoding.Latin1.GetBytes(latin1)));

    [Theory]
    [InlineData("packages: [nginx]\n", "header")]
    [InlineData("# cloud-config\n", "header")]
    [InlineData("\n#cloud-config\n", "first line is blank")]
    [InlineData("  #cloud-config\n", "first line is blank")]
    [InlineData("\u00ef\u00bb\u00bf#cloud-config\n", "byte order mark")]
    [InlineData("\u00ff\u00fe#\0c\0", "UTF-16")]
    [InlineData("\u00fe\u00ff\0#\0c", "UTF-16")]
    public void What_cloud_init_would_ignore_is_said_with_the_reason(string latin1, string reason) =>
        Assert.Contains(reason, CloudInitHeader.WhyIgnored(Encoding.Latin1.GetBytes(latin1)), StringComparison.Ordinal);
}
