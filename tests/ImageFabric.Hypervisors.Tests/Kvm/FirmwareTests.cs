using System.Xml.Linq;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.Kvm;

/// <summary>Which firmware a machine gets.</summary>
public sealed class FirmwareTests : IDisposable
{
    private const string WithUefi = "<domainCapabilities><os><enum name='firmware'><value>bios</value><value>efi</value></enum></os></domainCapabilities>";

    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    [ToolTheory("bash")]
    [InlineData("UEFI", null, true)]
    [InlineData("BIOS", null, false)]
    [InlineData("BIOS+UEFI", null, false)]
    [InlineData(null, null, false)]
    [InlineData("BIOS", VmCreateRequest.Uefi, true)]
    [InlineData("UEFI", VmCreateRequest.Bios, false)]
    public async Task The_image_decides_unless_the_request_does(string? bootMode, string? asked, bool uefi)
    {
        _host.Set("domcapabilities.xml", WithUefi);
        VmResult made = await CreateAsync(bootMode, asked);
        XElement os = XDocument.Parse(_host.DefinitionOf(made.Id)).Root!.Element("os")!;
        Assert.Equal(uefi ? "efi" : null, (string?)os.Attribute("firmware"));
        Assert.Equal(uefi ? ["secure-boot=no"] : [], os.Elements("firmware").Elements("feature").Select(f => $"{f.Attribute("name")!.Value}={f.Attribute("enabled")!.Value}"));
    }

    [ToolFact("bash")]
    public async Task A_host_without_UEFI_says_so_and_makes_nothing()
    {
        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => CreateAsync("UEFI", null));
        Assert.Equal(("FirmwareNotAvailable", "web01"), (error.Id, error.Target));
        _host.AssertNothingLeft();
    }

    [ToolFact("bash")]
    public async Task Another_firmware_is_refused()
    {
        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => CreateAsync(null, "coreboot"));
        Assert.Equal("InvalidRequest", error.Id);
        _host.AssertNothingLeft();
    }

    private Task<VmResult> CreateAsync(string? bootMode, string? firmware) => _host.Hypervisor.CreateAsync(
        new VmCreateRequest { Name = "web01", Image = _host.Image.Reference, Firmware = firmware },
        _host.Image with { BootMode = bootMode },
        _host.Warnings.Add,
        CancellationToken.None);
}
