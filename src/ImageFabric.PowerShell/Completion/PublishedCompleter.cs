using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What is published in the store that the line names, or in the user's usual one.</summary>
internal abstract class PublishedCompleter : Completer
{
    /// <summary>All images of the store.</summary>
    protected static async Task<IReadOnlyList<ImageResult>> ListAsync(IDictionary bound, CancellationToken cancellationToken)
    {
        StoreSelection store = StoreSelection.Of(Text(bound, "Store"), Path.GetFullPath);
        List<ImageResult> images = [];
        await LocalEngine.Find(EngineCmdlet.ModuleDirectory).RunAsync<ImageResult>(
            new ListRequest { Store = store.Location }, images.Add, observer: null, cancellationToken).ConfigureAwait(false);
        return images;
    }
}
