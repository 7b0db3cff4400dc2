using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>What a machine can be asked for that this hypervisor does not have. Leaving it out silently would give another machine than was asked for.</summary>
internal static class OptionsOfOthers
{
    /// <summary>Refuses what only Hyper-V has.</summary>
    /// <exception cref="HypervisorException"><c>VmOptionNotSupported</c>.</exception>
    public static void Refuse(VmCreateRequest request)
    {
        (bool Asked, string What)[] options =
        [
            (request.Vlan is not null, "a VLAN; put the machine on a bridge or network of that VLAN"),
            (request.MemoryMinimumBytes is not null || request.MemoryMaximumBytes is not null, "dynamic memory"),
            (request.SecureBoot is not (null or VmCreateRequest.SecureBootOff), "a Secure Boot template"),
            (request.Tpm, "a virtual TPM"),
            (request.StartAction is not null, "a start action"),
            (request.Checkpoints is not null, "a kind of checkpoints"),
            (request.BootOrder is not null, "a boot order"),
        ];
        if (options.FirstOrDefault(static option => option.Asked).What is { } what)
            throw new HypervisorException("VmOptionNotSupported", request.Name, $"A machine on a KVM host cannot be given {what}.");
    }
}
