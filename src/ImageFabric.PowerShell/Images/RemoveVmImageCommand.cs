using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Removes published versions. Data that other versions share stays; machines made from them stay too.</summary>
[Cmdlet(VerbsCommon.Remove, "VmImage", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(VmImage))]
public sealed class RemoveVmImageCommand : StoreCmdlet
{
    /// <summary><c>NAME:VERSION</c>, with wildcards in both parts. All versions of an image are <c>NAME:*</c>.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string[] Image { get; set; } = [];

    /// <summary>Of each image that fits, leave the newest so many of the versions that fit; at least 1. Without it: none.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int KeepLast { get; set; }

    /// <summary>Give out what was removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private readonly List<(StoreSelection Store, string Version)> _fitting = [];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync().ConfigureAwait(false);
        foreach (string image in Image)
        {
            try
            {
                await RemoveAsync(store, image, cancellationToken).ConfigureAwait(false);
            }
            catch (FleetException e)
            {
                Pipeline.WriteError(EngineErrorRecord.From(e, image));
            }
        }
    }

    private async Task RemoveAsync(StoreSelection store, string image, CancellationToken cancellationToken)
    {
        // A name alone could mean one version or all; what cannot be undone is not guessed.
        if (!image.Contains(":"))
            throw new FleetException("InvalidRequest", image, $"'{image}' names no version. Say {image}:VERSION, or {image}:* for all of them.");
        IReadOnlyList<string> versions = await VersionsAsync(store, image, cancellationToken).ConfigureAwait(false);
        if (KeepLast > 0)
            _fitting.AddRange(versions.Select(version => (store, version)));
        else
            await RemoveAsync(store, versions, cancellationToken).ConfigureAwait(false);
    }

    // Which versions are the newest is known when all have come: the pipeline gives them one by one, in any order.
    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        await base.EndAsync(cancellationToken).ConfigureAwait(false);
        foreach (var group in _fitting.GroupBy(static fit => (fit.Store.Title, Name: fit.Version.Substring(0, fit.Version.IndexOf(':')))))
        {
            StoreSelection store = group.First().Store;
            try
            {
                var fitting = new HashSet<string>(group.Select(static fit => fit.Version), StringComparer.Ordinal);

                // They are listed in the order in which they were published.
                string[] versions = [.. (await VersionsAsync(store, $"{group.Key.Name}:*", cancellationToken).ConfigureAwait(false)).Where(fitting.Contains)];
                await RemoveAsync(store, versions.Take(versions.Length - KeepLast), cancellationToken).ConfigureAwait(false);
            }
            catch (FleetException e)
            {
                Pipeline.WriteError(EngineErrorRecord.From(e, group.Key.Name));
            }
        }
    }

    private async Task RemoveAsync(StoreSelection store, IEnumerable<string> versions, CancellationToken cancellationToken)
    {
        foreach (string version in versions)
        {
            if (!await Pipeline.ShouldProcessAsync(version, $"Remove from {store.Title}").ConfigureAwait(false))
                continue;
            await RunEngineAsync<ImageResult>(
                new RemoveRequest { Store = store.Location, Image = version }, $"Removing {version}", removed => Show(removed, store), cancellationToken).ConfigureAwait(false);
        }
    }

    private void Show(ImageResult removed, StoreSelection store)
    {
        if (PassThru)
            Pipeline.WriteObject(new VmImage(removed, store.Name));
    }
}
