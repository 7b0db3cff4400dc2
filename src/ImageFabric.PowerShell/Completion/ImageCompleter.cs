using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Published images as <c>name:version</c>.</summary>
internal sealed class ImageCompleter : Completer
{
    protected override async Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken)
    {
        StoreSelection store = StoreSelection.Of(Text(bound, "Store"), Path.GetFullPath);
        var proposals = new List<Proposal>();
        await LocalEngine.Find(EngineCmdlet.ModuleDirectory).RunAsync<ImageResult>(
            new ListRequest { Store = store.Location },
            image => proposals.Add(new Proposal($"{image.Name}:{image.Version}", $"{ByteSize.Format(image.VirtualSize)}, published {image.Published}")),
            observer: null,
            cancellationToken).ConfigureAwait(false);
        return proposals;
    }
}
