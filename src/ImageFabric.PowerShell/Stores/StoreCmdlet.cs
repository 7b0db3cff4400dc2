using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>A cmdlet that works on one store.</summary>
public abstract class StoreCmdlet : EngineCmdlet
{
    private protected StoreCmdlet()
    {
    }

    /// <summary>
    /// A registered name, a directory or an <c>s3://</c> address. Without it: <c>IMAGEFABRIC_STORE</c>, then the registered default, then the
    /// user's own directory store.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? Store { get; set; }

    private protected Task<StoreSelection> SelectStoreAsync() => SelectStoreAsync(Store);

    /// <summary>The versions that a pattern means: itself when it has no wildcards.</summary>
    private protected async Task<IReadOnlyList<string>> VersionsAsync(StoreSelection store, string image, CancellationToken cancellationToken)
    {
        if (!NamePattern.HasWildcards(image))
            return [image];
        var pattern = new ImagePattern(image);
        List<ImageResult> listed = [];
        await RunEngineAsync<ImageResult>(
            new ListRequest { Store = store.Location, Image = pattern.Query }, $"Listing {store.Title}", listed.Add, cancellationToken).ConfigureAwait(false);
        return [.. listed.Where(pattern.Matches).Select(static found => $"{found.Name}:{found.Version}")];
    }
}
