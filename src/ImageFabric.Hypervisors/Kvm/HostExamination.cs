using ImageFabric.Hypervisors.Tools;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>Looks at what a KVM host has for making machines.</summary>
internal sealed class HostExamination(Virsh virsh, QemuImg qemuImg)
{
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
        return offer.IsHardware
            ? Passed($"libvirt offers KVM with the chipset {offer.Machine}.")
            : Weak(
                "libvirt offers no hardware virtualisation: machines are emulated, which is slow.",
                "Enable virtualisation in the firmware, load the module kvm_intel or kvm_amd, and let libvirt open /dev/kvm.");
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
