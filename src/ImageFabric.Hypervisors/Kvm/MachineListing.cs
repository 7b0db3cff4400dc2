using ImageFabric.Hypervisors.Machines;
using ImageFabric.Hypervisors.Tools;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>Lists machines.</summary>
internal sealed class MachineListing(Virsh virsh, DomainReader reader)
{
    private const int AtOnce = 4;

    /// <summary>See <see cref="IHypervisor.ListAsync"/>.</summary>
    public async Task<IReadOnlyList<VmResult>> ListAsync(string? namePattern, CancellationToken ct)
    {
        DomainReference[] candidates =
        [
            .. (await virsh.DomainsAsync(ct).ConfigureAwait(false))
                .Where(domain => MachineName.Matches(domain.Name, namePattern))
                .OrderBy(domain => domain.Name, StringComparer.Ordinal),
        ];
        var machines = new VmResult?[candidates.Length];
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct };
        // A domain that goes away meanwhile, like one that is not ours, has no description.
        await Parallel.ForAsync(0, candidates.Length, options, async (i, token) =>
            machines[i] = await reader.DescribeAsync(candidates[i].Uuid, withAddresses: true, diskSize: null, token).ConfigureAwait(false)).ConfigureAwait(false);
        return [.. machines.OfType<VmResult>()];
    }
}
