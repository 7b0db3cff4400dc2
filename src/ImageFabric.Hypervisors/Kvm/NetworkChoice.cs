using ImageFabric.Hypervisors.Tools;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>Finds the network that a request names on the host.</summary>
/// <param name="virsh">The way to libvirt.</param>
internal sealed class NetworkChoice(Virsh virsh)
{
    private const string DefaultNetwork = "default";
    private const string BridgePrefix = "bridge:";

    /// <summary>The network for a machine.</summary>
    /// <param name="wanted">As in <see cref="Protocol.VmCreateRequest.Network"/>.</param>
    /// <param name="mustBeActive">The machine is started at once.</param>
    /// <param name="warn">Takes a warning when the machine cannot be reached from outside, though nobody asked for that.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="HypervisorException"><c>NetworkNotFound</c>: there is none, or it is not active and has to be.</exception>
    public async Task<GuestNetwork> ChooseAsync(string? wanted, bool mustBeActive, Action<string> warn, CancellationToken ct)
    {
        if (wanted == "none")
            return new GuestNetwork.None();
        if (wanted is not null && wanted.StartsWith(BridgePrefix, StringComparison.Ordinal))
            return FindBridge(wanted[BridgePrefix.Length..]);
        if (wanted is not null)
            return await FindNetworkAsync(wanted, mustBeActive, ct).ConfigureAwait(false);

        if ((await virsh.NetworksAsync(includeInactive: false, ct).ConfigureAwait(false)).Contains(DefaultNetwork))
            return new GuestNetwork.Libvirt(DefaultNetwork);
        warn($"The host has no active network '{DefaultNetwork}': the machine gets user-mode networking and cannot be reached from outside.");
        return new GuestNetwork.UserMode();
    }

    private static GuestNetwork.Bridge FindBridge(string name)
    {
        // An interface's name has at most 15 characters and no slash, so it cannot lead out of the directory.
        bool isName = name.Length is > 0 and <= 15 && !name.Contains('/', StringComparison.Ordinal) && name is not ("." or "..");
        if (!isName || !Directory.Exists($"/sys/class/net/{name}/bridge"))
            throw new HypervisorException("NetworkNotFound", name, $"The host has no bridge '{name}'.");
        return new GuestNetwork.Bridge(name);
    }

    private async Task<GuestNetwork.Libvirt> FindNetworkAsync(string name, bool mustBeActive, CancellationToken ct)
    {
        if (!(await virsh.NetworksAsync(includeInactive: true, ct).ConfigureAwait(false)).Contains(name))
            throw new HypervisorException("NetworkNotFound", name, $"libvirt has no network '{name}'.");
        if (mustBeActive && !(await virsh.NetworksAsync(includeInactive: false, ct).ConfigureAwait(false)).Contains(name))
            throw new HypervisorException("NetworkNotFound", name, $"libvirt's network '{name}' is not active; 'virsh net-start {name}' starts it.");
        return new GuestNetwork.Libvirt(name);
    }
}
