using ImageFabric.Hypervisors.Machines;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>Lists machines.</summary>
internal sealed class MachineListing(HyperVModule module, MachineDirectories directories)
{
    /// <summary>See <see cref="IHypervisor.ListAsync"/>.</summary>
    public async Task<IReadOnlyList<VmResult>> ListAsync(string? namePattern, CancellationToken ct)
    {
        IReadOnlyList<MachineDescription> machines = await module.ListAsync(id: null, ct).ConfigureAwait(false);
        return
        [
            .. machines.Where(machine => MachineName.Matches(machine.Name, namePattern, ignoreCase: true))
                .Select(machine => MachineReading.MarkOf(machine, directories) is { } mark ? MachineReading.Describe(machine, mark) : null)
                .OfType<VmResult>()
                .OrderBy(static machine => machine.Name, StringComparer.Ordinal),
        ];
    }
}
