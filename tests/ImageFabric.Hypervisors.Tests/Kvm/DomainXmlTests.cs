using System.Xml.Linq;
using ImageFabric.Hypervisors.Kvm;
using ImageFabric.Hypervisors.Machines;

namespace ImageFabric.Hypervisors.Tests.Kvm;

public sealed class DomainXmlTests
{
    private static readonly HostOffer Emulated = new("qemu", "q35", "maximum");
    private static readonly HostOffer Hardware = new("kvm", "q35", "host-passthrough");

    [Fact]
    public void The_domain_is_of_the_kind_that_the_host_offers()
    {
        XElement emulated = Write(offer: Emulated), hardware = Write(offer: Hardware), old = Write(offer: new HostOffer("qemu", "pc", null));
        Assert.Equal(("qemu", "maximum"), ((string?)emulated.Attribute("type"), (string?)emulated.Element("cpu")!.Attribute("mode")));
        Assert.Equal(("kvm", "host-passthrough"), ((string?)hardware.Attribute("type"), (string?)hardware.Element("cpu")!.Attribute("mode")));
        Assert.Null(old.Element("cpu")!.Attribute("mode"));
        Assert.Equal("pc", (string?)old.Element("os")!.Element("type")!.Attribute("machine"));
    }

    [Fact]
    public void The_disk_is_virtio_qcow2_and_hands_freed_blocks_back()
    {
        XElement disk = Disk(Write(), "disk");
        Assert.Equal(("qcow2", "unmap"), ((string?)disk.Element("driver")!.Attribute("type"), (string?)disk.Element("driver")!.Attribute("discard")));
        Assert.Equal("virtio", (string?)disk.Element("target")!.Attribute("bus"));
        Assert.Equal("/images/vms/web01/disk.qcow2", (string?)disk.Element("source")!.Attribute("file"));
    }

    [Fact]
    public void The_guest_sees_the_sectors_that_the_image_has()
    {
        Assert.Null(Disk(Write(), "disk").Element("blockio"));
        XElement blocks = Disk(Write(sectorSize: 4096), "disk").Element("blockio")!;
        Assert.Equal(("4096", "4096"), ((string?)blocks.Attribute("logical_block_size"), (string?)blocks.Attribute("physical_block_size")));
    }

    [Fact]
    public void The_seed_is_read_only_and_where_a_kernel_without_AHCI_sees_it()
    {
        XElement domain = Write(), seed = Disk(domain, "cdrom");
        Assert.Equal("scsi", (string?)seed.Element("target")!.Attribute("bus"));
        Assert.NotNull(seed.Element("readonly"));
        Assert.Equal("raw", (string?)seed.Element("driver")!.Attribute("type"));
        XElement controller = domain.Element("devices")!.Elements("controller").Single(c => (string?)c.Attribute("type") == "scsi");
        Assert.Equal("virtio-scsi", (string?)controller.Attribute("model"));
    }

    [Fact]
    public void The_network_card_is_plugged_into_what_was_chosen()
    {
        Assert.Empty(Write(network: new GuestNetwork.None()).Descendants("interface"));
        Assert.Equal("user", (string?)Card(new GuestNetwork.UserMode()).Attribute("type"));
        Assert.Equal("lab", (string?)Card(new GuestNetwork.Libvirt("lab")).Element("source")!.Attribute("network"));
        Assert.Equal("br0", (string?)Card(new GuestNetwork.Bridge("br0")).Element("source")!.Attribute("bridge"));

        static XElement Card(GuestNetwork network) => Write(network: network).Descendants("interface").Single();
    }

    [Theory]
    [InlineData(16L << 20, "16384")]
    [InlineData((16L << 20) + 1, "16385")]
    [InlineData(4L << 40, "4294967296")]
    public void Memory_is_rounded_up_to_KiB(long bytes, string expected)
    {
        XElement memory = Write(memory: bytes).Element("memory")!;
        Assert.Equal(("KiB", expected), ((string?)memory.Attribute("unit"), memory.Value));
    }

    [Fact]
    public void What_is_remembered_comes_back_whatever_characters_it_has()
    {
        var record = new MachineRecord("web01", Guid.NewGuid(), "a&b<c>:'\"", "sha256:abc", "/x & y/<base>.raw", LinkedClone: true, 12345, "2026-01-02T03:04:05Z");
        var written = new XDocument(Write(record: record, directory: "/it's/<vms>/web01"));
        Assert.Equal(new DomainMark(record, "/it's/<vms>/web01", record.Id), DomainMark.Of(XDocument.Parse(written.ToString())));
    }

    [Fact]
    public void A_domain_without_our_mark_is_not_ours() =>
        Assert.Null(DomainMark.Of(XDocument.Parse("<domain><name>x</name><metadata><machine xmlns='urn:other'/></metadata></domain>")));

    [ToolTheory("virt-xml-validate", "xmllint")]
    [InlineData("none")]
    [InlineData("user")]
    [InlineData("lab")]
    [InlineData("bridge")]
    public void Libvirts_own_schema_takes_the_definition(string network)
    {
        GuestNetwork chosen = network switch
        {
            "none" => new GuestNetwork.None(),
            "user" => new GuestNetwork.UserMode(),
            "bridge" => new GuestNetwork.Bridge("br0"),
            _ => new GuestNetwork.Libvirt(network),
        };
        using var directory = new TemporaryDirectory();
        foreach (HostOffer offer in new[] { Emulated, Hardware, new HostOffer("qemu", "pc", null) })
        {
            string path = directory.File($"{offer.Virtualization}-{offer.Machine}.xml");
            new XDocument(Write(offer, chosen)).Save(path);
            // Its verdict is its exit status.
            Program.Run("virt-xml-validate", path, "domain");
        }
    }

    private static XElement Disk(XElement domain, string device) =>
        domain.Element("devices")!.Elements("disk").Single(disk => (string?)disk.Attribute("device") == device);

    private static XElement Write(
        HostOffer? offer = null, GuestNetwork? network = null, long memory = 1L << 30, MachineRecord? record = null, string directory = "/images/vms/web01", int sectorSize = 512) =>
        DomainXml.Write(new DomainPlan(
            record ?? new MachineRecord("web01", Guid.NewGuid(), "tiny:v1", "sha256:abc", "/images/base.raw", true, 1 << 20, "2026-01-02T03:04:05Z"),
            new MachineOrder("web01", 2, memory, 1 << 20, "web01", TimeSpan.Zero) { SectorSize = sectorSize },
            offer ?? Emulated,
            network ?? new GuestNetwork.Libvirt("default"),
            new MachineFiles(directory, "disk.qcow2"))).Root!;
}
