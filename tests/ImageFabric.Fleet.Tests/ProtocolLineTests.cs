using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

public sealed class ProtocolLineTests
{
    [Fact]
    public void What_a_host_says_cannot_steer_a_terminal()
    {
        VmResult vm = ProtocolLine.Read<VmResult>(
            """{"type":"result","name":"web\u001b[2J","state":"Running","addresses":["192.0.2.7","\u009b31m"],"image":"app:1"}""", "kvm01");
        Assert.Equal(("web\\u001b[2J", "Running", "app:1"), (vm.Name, vm.State, vm.Image));
        Assert.Equal(["192.0.2.7", "\\u009b31m"], vm.Addresses!);

        ErrorEvent error = ProtocolLine.Read<ErrorEvent>("""{"type":"error","id":"X","category":"NotSpecified","message":"a\r\u202eb","target":"\u0007"}""", "kvm01");
        Assert.Equal(("a\\u000d\\u202eb", "\\u0007"), (error.Message, error.Target));

        VerifyResult verify = ProtocolLine.Read<VerifyResult>(
            """{"type":"result","name":"n","version":"1","imageId":"i","damaged":[{"key":"k\u001b","damage":"PackCorrupt","message":"m"}]}""", "engine");
        Assert.Equal("k\\u001b", Assert.Single(verify.Damaged!).Key);

        ImageResult image = ProtocolLine.Read<ImageResult>(
            """{"type":"result","name":"n","version":"1","imageId":"i","labels":{"os\u001b":"x\u001b"},"signerSubject":"CN=\u001b]0;x\u0007"}""", "engine");
        Assert.Equal(new Dictionary<string, string> { ["os\\u001b"] = "x\\u001b" }, image.Labels);
        Assert.Equal("CN=\\u001b]0;x\\u0007", image.SignerSubject);
    }

    [Fact]
    public void Raw_control_characters_and_lines_that_are_none_are_shown_as_codes()
    {
        Assert.Equal("x\\u009b1m", ProtocolLine.Read<LogEvent>("{\"type\":\"log\",\"level\":\"warning\",\"message\":\"x\u009b1m\"}", "kvm01").Message);
        FleetException error = Assert.Throws<FleetException>(() => ProtocolLine.Read<VmResult>("\u001b[2Jnot json", "kvm01"));
        Assert.DoesNotContain('\u001b', error.Message);
    }

    [Fact]
    public void Line_breaks_and_letters_of_all_languages_stay() =>
        Assert.Equal("two\nlines é 漢", ProtocolLine.Read<LogEvent>("""{"type":"log","level":"verbose","message":"two\nlines \u00e9 \u6f22"}""", "kvm01").Message);
}
