using ImageFabric.Hypervisors.HyperV;
using ImageFabric.Hypervisors.Machines;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.HyperV;

/// <summary>What can be asked of which hypervisor, and what is refused before anything is made.</summary>
public sealed class OptionsTests : IDisposable
{
    private static readonly string[] Formats = ["vhdx"];

    private readonly TemporaryDirectory _directory = new();

    public static TheoryData<string, VmCreateRequest> Refused => new()
    {
        { "InvalidRequest", new() { Vlan = 0 } },
        { "InvalidRequest", new() { Vlan = 4095 } },
        { "InvalidRequest", new() { Network = "none", Vlan = 1 } },
        { "InvalidRequest", new() { Network = "none", MacAddress = "00155d010203" } },
        { "InvalidRequest", new() { MacAddress = "01155d010203" } },
        { "InvalidRequest", new() { MacAddress = "00155d01020" } },
        { "InvalidRequest", new() { MacAddress = "000000000000" } },
        { "InvalidRequest", new() { MemoryBytes = 16 << 20 } },
        { "InvalidRequest", new() { MemoryMinimumBytes = 2L << 30 } },
        { "InvalidRequest", new() { MemoryMaximumBytes = 1 << 29 } },
        { "InvalidRequest", new() { BootOrder = [] } },
        { "InvalidRequest", new() { BootOrder = ["Disk", "Disk"] } },
        { "InvalidRequest", new() { BootOrder = ["Floppy"] } },
        { "InvalidRequest", new() { SecureBoot = "on" } },
        { "InvalidRequest", new() { StartAction = "Always" } },
        { "InvalidRequest", new() { Checkpoints = "Some" } },
        { "VmOptionNotSupported", new() { Firmware = "BIOS", Tpm = true } },
        { "VmOptionNotSupported", new() { Firmware = "BIOS", SecureBoot = "Windows" } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_Hyper_V_cannot_do_is_refused(string id, VmCreateRequest request) =>
        Assert.Equal(id, Assert.Throws<HypervisorException>(() => Read(request, null)).Id);

    [Theory]
    [InlineData(null, null, false, null)]
    [InlineData(null, "windows", false, "MicrosoftWindows")]
    [InlineData(null, "Linux", false, "MicrosoftUEFICertificateAuthority")]
    [InlineData(null, null, true, "MicrosoftWindows")]
    [InlineData("Off", "windows", true, null)]
    [InlineData("UefiCa", "windows", false, "MicrosoftUEFICertificateAuthority")]
    public void The_template_of_Secure_Boot_follows_the_guest(string? asked, string? system, bool unattend, string? template) =>
        Assert.Equal(template, Read(new() { SecureBoot = asked, Unattend = unattend ? "<unattend/>"u8.ToArray() : null }, system).SecureBootTemplate);

    [Theory]
    [InlineData("00:15:5D:01:02:AF")]
    [InlineData("00-15-5d-01-02-af")]
    [InlineData("00155d0102af")]
    public void An_address_is_read_in_the_usual_forms(string text)
    {
        MacAddress address = MacAddress.Parse("m", text);
        Assert.Equal(("00155D0102AF", "00:15:5d:01:02:af"), (address.Digits, address.WithColons));
    }

    [Theory]
    [InlineData("con", false)]
    [InlineData("NUL.old", false)]
    [InlineData("com1", false)]
    [InlineData("lpt9.x", false)]
    [InlineData("web.", false)]
    [InlineData("console", true)]
    [InlineData("com", true)]
    [InlineData("web.con", true)]
    public void Names_that_Windows_keeps_for_devices_are_no_names(string name, bool allowed) => Assert.Equal(allowed, WindowsName.IsAllowed(name));

    [Theory]
    [InlineData("Running", "Running")]
    [InlineData("StoppingCritical", "Running")]
    [InlineData("Off", "Off")]
    [InlineData("OffCritical", "Off")]
    [InlineData("Saved", "Paused")]
    [InlineData("Other", "Unknown")]
    public void Every_state_of_Hyper_V_is_one_of_ours(string theirs, string ours) => Assert.Equal(ours, MachineReading.StateOf(theirs));

    public void Dispose() => _directory.Dispose();

    private MachineOptions Read(VmCreateRequest request, string? system)
    {
        request.Name = "m";
        File.WriteAllText(_directory.File("base.vhdx"), "");
        var image = new BaseImage(_directory.File("base.vhdx"), "vhdx", "sha256:abc", 1 << 20, "tiny:v1") { BootMode = "UEFI", GuestSystem = system };
        return MachineOptions.From(request, MachineOrder.From(request, image, Formats, prefersUefi: true), image);
    }
}
