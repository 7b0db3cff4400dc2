using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.PowerShell;

/// <summary>Names of registered stores.</summary>
internal sealed class StoreCompleter : Completer
{
    protected override Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Proposal>>([.. StoreRegistry.OfUser().Read().Select(static s => new Proposal(s.Name, s.Uri))]);
}
