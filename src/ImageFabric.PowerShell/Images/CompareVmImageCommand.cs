using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Says what two published images share and what is new, without reading their data.</summary>
[Cmdlet(VerbsData.Compare, "VmImage")]
[OutputType(typeof(VmImageComparison))]
public sealed class CompareVmImageCommand : StoreCmdlet
{
    /// <summary>The image to compare with: <c>NAME[:VERSION]</c>; without a version, or with <c>latest</c>, the newest.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string ReferenceImage { get; set; } = "";

    /// <summary>The images to compare, in the same form.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("Image")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string[] DifferenceImage { get; set; } = [];

    /// <summary>The store of <c>-DifferenceImage</c>, if it is another one: a registered name, a directory or an <c>s3://</c> address.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? DifferenceStore { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync().ConfigureAwait(false);
        StoreSelection? other = string.IsNullOrEmpty(DifferenceStore) ? null : await SelectStoreAsync(DifferenceStore).ConfigureAwait(false);
        await OnEachImageAsync(DifferenceImage, image => RunEngineAsync<CompareResult>(
            new CompareRequest { Store = store.Location, Reference = ReferenceImage, Difference = image, DifferenceStore = other?.Location },
            $"Comparing {image} with {ReferenceImage}",
            result => Pipeline.WriteObject(new VmImageComparison(result)),
            cancellationToken)).ConfigureAwait(false);
    }
}
