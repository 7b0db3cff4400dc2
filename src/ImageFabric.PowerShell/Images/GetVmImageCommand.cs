using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Lists the published images of a store.</summary>
[Cmdlet(VerbsCommon.Get, "VmImage")]
[OutputType(typeof(VmImage))]
public sealed class GetVmImageCommand : StoreCmdlet
{
    /// <summary><c>NAME[:VERSION]</c>, with wildcards; version <c>latest</c> means the newest. Without it: all images.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string[] Image { get; set; } = ["*"];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync().ConfigureAwait(false);
        await OnEachImageAsync(Image, async image =>
        {
            if (await ShowAsync(store, image, cancellationToken).ConfigureAwait(false) == 0 && !NamePattern.HasWildcards(image))
                throw new FleetException("ImageNotFound", image, $"There is no image '{image}' in {store.Title}.");
        }).ConfigureAwait(false);
    }

    private async Task<int> ShowAsync(StoreSelection store, string image, CancellationToken cancellationToken)
    {
        int shown = 0;
        var pattern = new ImagePattern(image);
        void Show(ImageResult result)
        {
            if (!pattern.Matches(result))
                return;
            shown++;
            Pipeline.WriteObject(new VmImage(result, store.Name));
        }

        await RunEngineAsync<ImageResult>(
            new ListRequest { Store = store.Location, Image = pattern.Query }, $"Listing {store.Title}", Show, cancellationToken).ConfigureAwait(false);
        return shown;
    }
}
