using System.Management.Automation;
using System.Threading.Tasks;

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

    private protected Task<StoreSelection> SelectStoreAsync() => Pipeline.AskAsync(() => StoreSelection.Of(Store, GetUnresolvedProviderPathFromPSPath));
}
