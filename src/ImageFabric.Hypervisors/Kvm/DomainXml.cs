using System.Xml.Linq;
using ImageFabric.Hypervisors.Machines;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>Writes libvirt's domain format.</summary>
internal static class DomainXml
{
    /// <summary>Target of the machine's disk.</summary>
    public const string DiskTarget = "vda";

    private const long KiB = 1024;

    /// <summary>The definition of a new machine.</summary>
    public static XDocument Write(DomainPlan plan) => new(new XElement(
        "domain",
        new XAttribute("type", plan.Offer.Virtualization),
        new XElement("name", plan.Order.Name),
        new XElement("uuid", plan.Record.Id.ToString("D")),
        new XElement("metadata", new DomainMark(plan.Record, plan.Files.Directory).ToXml()),
        new XElement("memory", new XAttribute("unit", "KiB"), (plan.Order.MemoryBytes + KiB - 1) / KiB),
        new XElement("vcpu", plan.Order.Cpu),
        Boot(plan),
        new XElement("features", new XElement("acpi"), new XElement("apic")),
        Cpu(plan),
        Clock(),
        new XElement("on_poweroff", "destroy"),
        new XElement("on_reboot", "restart"),
        new XElement("on_crash", "destroy"),
        Devices(plan)));

    // libvirt chooses firmware and the template of its variables by itself, without Secure Boot unless it is asked for.
    private static XElement Boot(DomainPlan plan)
    {
        var os = new XElement("os", new XElement(
            "type", new XAttribute("arch", HostOffer.Architecture), new XAttribute("machine", plan.Offer.Machine), "hvm"));
        if (plan.Order.Uefi)
        {
            os.Add(
                new XAttribute("firmware", "efi"),
                new XElement("firmware", new XElement("feature", new XAttribute("enabled", "no"), new XAttribute("name", "secure-boot"))));
        }

        return os;
    }

    // One socket: some guests use no more than two.
    private static XElement Cpu(DomainPlan plan)
    {
        var cpu = new XElement("cpu");
        if (plan.Offer.CpuMode is { } mode)
            cpu.Add(new XAttribute("mode", mode), new XAttribute("check", "none"));
        cpu.Add(new XElement(
            "topology", new XAttribute("sockets", 1), new XAttribute("dies", 1), new XAttribute("cores", plan.Order.Cpu), new XAttribute("threads", 1)));
        return cpu;
    }

    // A guest that was stopped for a while catches up slowly with its clock interrupts rather than all at once.
    private static XElement Clock() => new(
        "clock",
        new XAttribute("offset", "utc"),
        new XElement("timer", new XAttribute("name", "rtc"), new XAttribute("tickpolicy", "catchup")),
        new XElement("timer", new XAttribute("name", "pit"), new XAttribute("tickpolicy", "delay")),
        new XElement("timer", new XAttribute("name", "hpet"), new XAttribute("present", "no")));

    private static XElement Devices(DomainPlan plan)
    {
        var devices = new XElement("devices", Disk(plan.Files.Disk, plan.Order.SectorSize), Seed(plan.Files.Seed));
        // A cloud kernel may have no driver for the chipset's own SATA, but has virtio.
        devices.Add(new XElement("controller", new XAttribute("type", "scsi"), new XAttribute("index", 0), new XAttribute("model", "virtio-scsi")));
        if (Interface(plan.Network, plan.Order.MacAddress) is { } card)
            devices.Add(card);
        devices.Add(Serial(plan.Files.Console), Console(), AgentChannel(), Random());
        return devices;
    }

    private static XElement Disk(string path, int sectorSize) => new(
        "disk",
        new XAttribute("type", "file"),
        new XAttribute("device", "disk"),
        new XElement("driver", new XAttribute("name", "qemu"), new XAttribute("type", "qcow2"), new XAttribute("discard", "unmap")),
        new XElement("source", new XAttribute("file", path)),
        new XElement("target", new XAttribute("dev", DiskTarget), new XAttribute("bus", "virtio")),
        sectorSize == 512 ? null : new XElement("blockio", new XAttribute("logical_block_size", sectorSize), new XAttribute("physical_block_size", sectorSize)),
        new XElement("boot", new XAttribute("order", 1)));

    private static XElement Seed(string path) => new(
        "disk",
        new XAttribute("type", "file"),
        new XAttribute("device", "cdrom"),
        new XElement("driver", new XAttribute("name", "qemu"), new XAttribute("type", "raw")),
        new XElement("source", new XAttribute("file", path)),
        new XElement("target", new XAttribute("dev", "sda"), new XAttribute("bus", "scsi")),
        new XElement("readonly"));

    private static XElement? Interface(GuestNetwork network, MacAddress? address) => network switch
    {
        GuestNetwork.None => null,
        GuestNetwork.UserMode => Interface("user", source: null, address),
        GuestNetwork.Libvirt libvirt => Interface("network", new XAttribute("network", libvirt.Name), address),
        GuestNetwork.Bridge bridge => Interface("bridge", new XAttribute("bridge", bridge.Name), address),
        _ => throw new ArgumentOutOfRangeException(nameof(network)),
    };

    private static XElement Interface(string type, XAttribute? source, MacAddress? address)
    {
        var card = new XElement("interface", new XAttribute("type", type));
        if (address is not null)
            card.Add(new XElement("mac", new XAttribute("address", address.WithColons)));
        if (source is not null)
            card.Add(new XElement("source", source));
        card.Add(new XElement("model", new XAttribute("type", "virtio")));
        return card;
    }

    // A terminal for "virsh console", and all that is written to it in a file.
    private static XElement Serial(string log) => new(
        "serial",
        new XAttribute("type", "pty"),
        new XElement("log", new XAttribute("file", log), new XAttribute("append", "on")),
        new XElement("target", new XAttribute("type", "isa-serial"), new XAttribute("port", 0)));

    private static XElement Console() => new(
        "console", new XAttribute("type", "pty"), new XElement("target", new XAttribute("type", "serial"), new XAttribute("port", 0)));

    private static XElement AgentChannel() => new(
        "channel",
        new XAttribute("type", "unix"),
        new XElement("target", new XAttribute("type", "virtio"), new XAttribute("name", "org.qemu.guest_agent.0")));

    private static XElement Random() => new(
        "rng", new XAttribute("model", "virtio"), new XElement("backend", new XAttribute("model", "random"), "/dev/urandom"));
}
