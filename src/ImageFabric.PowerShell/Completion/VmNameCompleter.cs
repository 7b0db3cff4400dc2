using System.Collections;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Virtual machines on the host that the line names, or on this machine.</summary>
internal sealed class VmNameCompleter : HostItemCompleter
{
    protected override Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken) =>
        AskAsync<VmResult>(bound, new VmListRequest(), static vm => new Proposal(vm.Name, $"{vm.State}, {vm.Image}"), cancellationToken);
}
