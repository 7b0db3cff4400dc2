using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Copies published images to another store. Only what is missing there is moved; a copy that broke off goes on.</summary>
[Cmdlet(VerbsCommon.Copy, "VmImage", SupportsShouldProcess = true)]
[OutputType(typeof(CopiedVmImage))]
public sealed class CopyVmImageCommand : StoreCmdlet
{
    /// <summary><c>NAME[:VERSION]</c>, with wildcards; version <c>latest</c> means the newest.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string[] Image { get; set; } = [];

    /// <summary>The store to copy to: a registered name, a directory or an <c>s3://</c> address. It is made when it does not exist.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [Alias("Destination")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string DestinationStore { get; set; } = "";

    /// <summary>Packs on their way at the same time. Without it: the engine's choice.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection source = await SelectStoreAsync().ConfigureAwait(false);
        StoreSelection destination = await SelectStoreAsync(DestinationStore).ConfigureAwait(false);
        await OnEachImageAsync(Image, async pattern =>
        {
            string[] images = [.. await VersionsAsync(source, pattern, cancellationToken).ConfigureAwait(false)];
            await OnEachImageAsync(images, image => CopyAsync(source, destination, image, cancellationToken)).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    private async Task CopyAsync(StoreSelection source, StoreSelection destination, string image, CancellationToken cancellationToken)
    {
        var request = new CopyRequest
        {
            Store = source.Location,
            Image = image,
            Destination = destination.Location,
            Throttle = ThrottleLimit > 0 ? ThrottleLimit : null,
            PlanOnly = await IsTrialAsync().ConfigureAwait(false),
        };
        string action = $"Copy from {source.Title} to {destination.Title}";
        if (request.PlanOnly)
        {
            var plans = new List<CopyResult>();
            await RunEngineAsync<CopyResult>(request, $"Looking at {image}", plans.Add, cancellationToken).ConfigureAwait(false);
            foreach (CopyResult plan in plans)
            {
                await Pipeline.ShouldProcessAsync(plan.Image, $"{action} ({ByteSize.Format(plan.BytesCopied)} to send in {plan.PacksCopied} packs)").ConfigureAwait(false);
                Pipeline.WriteObject(new CopiedVmImage(plan, destination.Name));
            }
        }
        else if (await Pipeline.ShouldProcessAsync(image, action).ConfigureAwait(false))
        {
            await RunEngineAsync<CopyResult>(request, $"Copying {image}", done => Pipeline.WriteObject(new CopiedVmImage(done, destination.Name)), cancellationToken).ConfigureAwait(false);
        }
    }
}
