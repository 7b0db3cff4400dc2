using ImageFabric.Hypervisors.Tools;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>Looks at what a KVM host has for making machines.</summary>
internal sealed class HostExamination(Virsh virsh, QemuImg qemuImg)
{
    private const string ProcessorInformation = "/proc/cpuinfo";
    private const string KvmDevice = "/dev/kvm";

    /// <summary>See <see cref="IHypervisor.TestAsync"/>.</summary>
    public async Task<IReadOnlyList<HostTestResult>> RunAsync(CancellationToken ct)
    {
        HostTestResult hypervisor = await CheckAsync("Hypervisor", LibvirtAsync, ct).ConfigureAwait(false);
        var results = new List<HostTestResult> { hypervisor };
        if (hypervisor.Status == HostTestResult.Passed)
        {
            results.Add(await CheckAsync("Virtualization", VirtualizationAsync, ct).ConfigureAwait(false));
            results.Add(await CheckAsync("Firmware", FirmwareAsync, ct).ConfigureAwait(false));
            results.Add(await CheckAsync("Network", NetworkAsync, ct).ConfigureAwait(false));
        }

        results.Add(await CheckAsync("DiskTool", QemuImgAsync, ct).ConfigureAwait(false));
        return results;
    }

    private async Task<HostTestResult> LibvirtAsync(CancellationToken ct) =>
        Passed($"libvirt {await virsh.VersionAsync(ct).ConfigureAwait(false)} answers.");

    private async Task<HostTestResult> VirtualizationAsync(CancellationToken ct)
    {
        HostOffer offer = await HostOffer.AskAsync(virsh, ct).ConfigureAwait(false);
        if (offer.IsHardware)
            return Passed($"libvirt offers KVM with the chipset {offer.Machine}.");
        (string why, string action) = WhyNoHardware(ProcessorInformation, KvmDevice);
        return Weak($"Machines are emulated, which is slow: {why}", action);
    }

    /// <summary>Why libvirt offers no hardware virtualisation, and what to do about it.</summary>
    /// <param name="processorInformation">A file as <c>/proc/cpuinfo</c>.</param>
    /// <param name="kvmDevice">The device <c>/dev/kvm</c>.</param>
    internal static (string Why, string Action) WhyNoHardware(string processorInformation, string kvmDevice)
    {
        string? flags = File.ReadLines(processorInformation).FirstOrDefault(static line => line.StartsWith("flags", StringComparison.Ordinal));
        string[] offered = flags is null ? [] : flags.Split([' ', '\t', ':'], StringSplitOptions.RemoveEmptyEntries);
        if (!offered.Contains("vmx") && !offered.Contains("svm"))
            return ("the processor offers no virtualisation.", "Enable VT-x or AMD-V in the firmware; in a virtual machine, enable nested virtualisation on its host.");
        if (!File.Exists(kvmDevice))
            return ($"there is no {kvmDevice}.", $"Load the module {(offered.Contains("vmx") ? "kvm_intel" : "kvm_amd")}, for good by a file in /etc/modules-load.d.");
        return (
            $"libvirt does not use {kvmDevice}.",
            $"Check that qemu's KVM accelerator is installed and that the hypervisor's user (on Debian libvirt-qemu, in the group kvm) may open {kvmDevice}; then restart libvirtd.");
    }

    private async Task<HostTestResult> FirmwareAsync(CancellationToken ct)
    {
        HostOffer offer = await HostOffer.AskAsync(virsh, ct).ConfigureAwait(false);
        return offer.HasUefi
            ? Passed("Machines can have BIOS or UEFI firmware.")
            : Weak("libvirt knows no UEFI firmware: images that boot by UEFI only do not start here.", "Install it; on Debian the package is ovmf.");
    }

    private async Task<HostTestResult> NetworkAsync(CancellationToken ct)
    {
        IReadOnlyList<string> active = await virsh.NetworksAsync(includeInactive: false, ct).ConfigureAwait(false);
        return active.Contains("default")
            ? Passed("The network 'default' is active.")
            : Weak(
                active.Count > 0 ? $"The network 'default' is not active; {string.Join(", ", active)} would have to be named." : "No network of libvirt is active.",
                "Start it with 'virsh net-start default', or name a network or bridge for each machine.");
    }

    private async Task<HostTestResult> QemuImgAsync(CancellationToken ct) =>
        Passed($"qemu-img {await qemuImg.VersionAsync(ct).ConfigureAwait(false)} is installed.");

    private static async Task<HostTestResult> CheckAsync(string check, Func<CancellationToken, Task<HostTestResult>> look, CancellationToken ct)
    {
        HostTestResult result;
        try
        {
            result = await look(ct).ConfigureAwait(false);
        }
        catch (HypervisorException e)
        {
            result = new HostTestResult { Status = HostTestResult.Failed, Message = e.Message, RecommendedAction = ErrorCatalog.Describe(e.Id).RecommendedAction };
        }

        result.Check = check;
        return result;
    }

    private static HostTestResult Passed(string message) => new() { Status = HostTestResult.Passed, Message = message };

    private static HostTestResult Weak(string message, string action) =>
        new() { Status = HostTestResult.Warning, Message = message, RecommendedAction = action };
}
