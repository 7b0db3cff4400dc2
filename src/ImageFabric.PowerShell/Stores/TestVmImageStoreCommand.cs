using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Asks a store what it is and what it honours. A store that does not exist yet is made.</summary>
[Cmdlet(VerbsDiagnostic.Test, "VmImageStore")]
[OutputType(typeof(VmImageStoreTest))]
public sealed class TestVmImageStoreCommand : EngineCmdlet
{
    /// <summary>
    /// A registered name, a directory or an <c>s3://</c> address. Without it: <c>IMAGEFABRIC_STORE</c>, then the registered default, then the
    /// user's own directory store.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("Name")]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? Store { get; set; }

    /// <summary>Also read everything in the store back and check it: every image, and the packs that none names. What is damaged is an error as well.</summary>
    [Parameter]
    public SwitchParameter Deep { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync(Store).ConfigureAwait(false);
        ProbeResult? probe = null;
        await RunEngineAsync<ProbeResult>(
            new ProbeRequest { Store = store.Location },
            $"Testing {store.Title}",
            found => probe = found,
            cancellationToken).ConfigureAwait(false);
        if (probe is not null)
            Pipeline.WriteObject(new VmImageStoreTest(store, probe, Deep ? await ReadBackAsync(store, cancellationToken).ConfigureAwait(false) : null));
    }

    private async Task<IReadOnlyList<VerifyResult>> ReadBackAsync(StoreSelection store, CancellationToken cancellationToken)
    {
        var results = new List<VerifyResult>();
        await RunEngineOnItemsAsync<VerifyResult>(new VerifyRequest { Store = store.Location }, $"Reading {store.Title} back", results.Add, cancellationToken).ConfigureAwait(false);
        return results;
    }
}
