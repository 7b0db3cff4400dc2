using System.Xml.Linq;
using ImageFabric.Hypervisors.Tools;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>What libvirt offers to machines on this host.</summary>
/// <param name="Virtualization"><c>kvm</c> or <c>qemu</c> (emulation).</param>
/// <param name="Machine">The chipset: <c>q35</c>, or <c>pc</c> where there is nothing newer.</param>
/// <param name="CpuMode">libvirt's CPU mode; null: the emulator's own default.</param>
internal sealed record HostOffer(string Virtualization, string Machine, string? CpuMode)
{
    /// <summary>Architecture of the machines that are made.</summary>
    public const string Architecture = "x86_64";

    private const string NewerMachine = "q35";
    private const string Kvm = "kvm";
    private const string Emulation = "qemu";

    /// <summary>Asks libvirt.</summary>
    /// <exception cref="HypervisorException"><c>HypervisorUnavailable</c>, or <c>HypervisorFailed</c>: no emulator is installed.</exception>
    public static async Task<HostOffer> AskAsync(Virsh virsh, CancellationToken ct)
    {
        // Most hosts have the newer chipset; then libvirt tells all of it in one answer, for the virtualisation that it prefers itself.
        if (await virsh.TryDomainCapabilitiesAsync(Architecture, NewerMachine, ct).ConfigureAwait(false) is { } answer
            && (string?)answer.Root?.Element("domain") is Kvm or Emulation)
        {
            return Of(answer, (string)answer.Root!.Element("domain")!, NewerMachine);
        }

        XDocument host = await virsh.CapabilitiesAsync(ct).ConfigureAwait(false);
        (string virtualization, string machine) = Choose(host);
        return Of(await virsh.DomainCapabilitiesAsync(virtualization, Architecture, machine, ct).ConfigureAwait(false), virtualization, machine);
    }

    private static HostOffer Of(XDocument guest, string virtualization, string machine) =>
        new(virtualization, machine, ChooseCpu(guest, virtualization)) { HasUefi = OffersUefi(guest) };

    /// <summary>Reads <c>virsh capabilities</c>.</summary>
    internal static (string Virtualization, string Machine) Choose(XDocument capabilities)
    {
        XElement arch = capabilities.Root?.Elements("guest")
            .Where(guest => (string?)guest.Element("os_type") == "hvm")
            .Select(guest => guest.Element("arch"))
            .FirstOrDefault(arch => (string?)arch?.Attribute("name") == Architecture)
            ?? throw new HypervisorException("HypervisorFailed", Architecture,
                $"libvirt offers no {Architecture} machines on this host: no emulator is installed (on Debian, qemu-system-x86 brings it).");
        bool kvm = arch.Elements("domain").Any(domain => (string?)domain.Attribute("type") == Kvm);
        bool q35 = arch.Descendants("machine").Any(machine => machine.Value == NewerMachine);
        return (kvm ? Kvm : Emulation, q35 ? NewerMachine : "pc");
    }

    /// <summary>
    /// Reads <c>virsh domcapabilities</c>: the host's own processor under KVM, all that can be emulated otherwise, since current guests ask
    /// for more than the emulator's default.
    /// </summary>
    internal static string? ChooseCpu(XDocument capabilities, string virtualization)
    {
        string wanted = virtualization == Kvm ? "host-passthrough" : "maximum";
        bool supported = capabilities.Root?.Element("cpu")?.Elements("mode")
            .Any(mode => (string?)mode.Attribute("name") == wanted && (string?)mode.Attribute("supported") == "yes") ?? false;
        return supported ? wanted : null;
    }

    /// <summary>Reads <c>virsh domcapabilities</c>: the enumeration "firmware" of "os" lists what <c>firmware='…'</c> may say.</summary>
    internal static bool OffersUefi(XDocument capabilities) => capabilities.Root?.Element("os")?.Elements("enum")
        .Where(static e => (string?)e.Attribute("name") == "firmware")
        .Elements("value").Any(static v => v.Value == "efi") ?? false;

    /// <summary>True when libvirt knows UEFI firmware for such machines.</summary>
    public bool HasUefi { get; init; }

    /// <summary>True when machines run on the processor itself.</summary>
    public bool IsHardware => Virtualization == Kvm;
}
