using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>The newest version of each image of a store; asked once, however many hosts wait for it.</summary>
internal sealed class NewestImages(LocalEngine engine, StoreReference? store)
{
    private readonly object _gate = new();
    private Task<Dictionary<string, ImageResult>>? _asked;

    /// <summary>The newest version of the image that <paramref name="image"/> is a version of. Null: the store does not have that image.</summary>
    /// <param name="image"><c>NAME:VERSION</c>.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    public async Task<ImageResult?> OfAsync(string image, CancellationToken cancellationToken)
    {
        Task<Dictionary<string, ImageResult>> asked;
        lock (_gate)
            asked = _asked ??= AskAsync(cancellationToken);
        string name = image.Split(':')[0];
        return (await asked.ConfigureAwait(false)).TryGetValue(name, out ImageResult? newest) ? newest : null;
    }

    private async Task<Dictionary<string, ImageResult>> AskAsync(CancellationToken cancellationToken)
    {
        var newest = new Dictionary<string, ImageResult>(StringComparer.Ordinal);
        await engine.RunAsync<ImageResult>(
            new ListRequest { Store = store, Image = "*:latest" }, image => newest[image.Name] = image, observer: null, cancellationToken).ConfigureAwait(false);
        return newest;
    }
}
