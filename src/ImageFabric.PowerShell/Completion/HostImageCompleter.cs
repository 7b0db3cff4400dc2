using System.Collections;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Images on the host that the line names, or on this machine.</summary>
internal sealed class HostImageCompleter : HostItemCompleter
{
    protected override Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken) =>
        AskAsync<HostImageResult>(
            bound, new HostImageListRequest(), static image => new Proposal(image.Image, $"{image.Format}, {ByteSize.Format(image.AllocatedSize)}"), cancellationToken);
}
