using System.Collections;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.PowerShell;

/// <summary>What a machine's network may be on any host. The host has the last word.</summary>
internal sealed class NetworkCompleter : Completer
{
    private static readonly Proposal[] Networks =
    [
        new("default", "the libvirt network that most hosts have"),
        new("none", "no network"),
    ];

    protected override Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Proposal>>(Networks);
}
