namespace ImageFabric.Hypervisors.Kvm;

/// <summary>What a machine's network card is plugged into.</summary>
internal abstract record GuestNetwork
{
    /// <summary>No card.</summary>
    public sealed record None : GuestNetwork;

    /// <summary>The hypervisor's own user-mode network: out, but not in.</summary>
    public sealed record UserMode : GuestNetwork;

    /// <summary>A network of libvirt's.</summary>
    /// <param name="Name">Its name.</param>
    public sealed record Libvirt(string Name) : GuestNetwork;

    /// <summary>A bridge of the host's.</summary>
    /// <param name="Name">The bridge's interface.</param>
    public sealed record Bridge(string Name) : GuestNetwork;
}
