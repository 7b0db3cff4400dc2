using System.Xml.Linq;
using ImageFabric.Hypervisors.Kvm;

namespace ImageFabric.Hypervisors.Tests.Kvm;

public sealed class HostOfferTests
{
    [Theory]
    [InlineData("<domain type='qemu'/>", "qemu")]
    [InlineData("<domain type='qemu'/><domain type='kvm'/>", "kvm")]
    public void Kvm_is_taken_where_libvirt_offers_it_for_this_architecture(string domains, string expected)
    {
        XDocument capabilities = Capabilities($"""
            <guest><os_type>hvm</os_type><arch name='i686'><machine>pc</machine><domain type='kvm'/></arch></guest>
            <guest><os_type>hvm</os_type><arch name='x86_64'><machine>q35</machine>{domains}</arch></guest>
            """);
        Assert.Equal((expected, "q35"), HostOffer.Choose(capabilities));
    }

    [Fact]
    public void A_domain_type_may_bring_machines_of_its_own() =>
        Assert.Equal(("kvm", "q35"), HostOffer.Choose(Capabilities(
            "<guest><os_type>hvm</os_type><arch name='x86_64'><machine>pc</machine><domain type='kvm'><machine>q35</machine></domain></arch></guest>")));

    [Fact]
    public void An_emulator_without_q35_gets_the_older_machine() =>
        Assert.Equal(("qemu", "pc"), HostOffer.Choose(Capabilities(
            "<guest><os_type>hvm</os_type><arch name='x86_64'><machine>pc</machine><domain type='qemu'/></arch></guest>")));

    [Theory]
    [InlineData("")]
    [InlineData("<guest><os_type>hvm</os_type><arch name='aarch64'><machine>virt</machine><domain type='qemu'/></arch></guest>")]
    public void Without_an_emulator_the_error_says_what_to_install(string guests)
    {
        HypervisorException e = Assert.Throws<HypervisorException>(() => HostOffer.Choose(Capabilities(guests)));
        Assert.Equal("HypervisorFailed", e.Id);
        Assert.Contains("qemu-system-x86", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kvm", "<mode name='host-passthrough' supported='yes'/>", "host-passthrough")]
    [InlineData("qemu", "<mode name='host-passthrough' supported='no'/><mode name='maximum' supported='yes'/>", "maximum")]
    [InlineData("qemu", "<mode name='host-model' supported='yes'/>", null)]
    [InlineData("qemu", "<mode name='maximum' supported='no'/>", null)]
    public void The_processor_is_what_the_host_supports(string virtualization, string modes, string? expected) =>
        Assert.Equal(expected, HostOffer.ChooseCpu(XDocument.Parse($"<domainCapabilities><cpu>{modes}</cpu></domainCapabilities>"), virtualization));

    private static XDocument Capabilities(string guests) => XDocument.Parse($"<capabilities>{guests}</capabilities>");
}
