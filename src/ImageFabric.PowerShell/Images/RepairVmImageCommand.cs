using System;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Reads published images back and makes good what is damaged or lost, from another store or from hosts that have the images.</summary>
[Cmdlet(VerbsDiagnostic.Repair, "VmImage", SupportsShouldProcess = true)]
[OutputType(typeof(VmImageRepair))]
public sealed class RepairVmImageCommand : HostLoginCmdlet
{
    /// <summary><c>NAME[:VERSION]</c>, with wildcards. Without it: every image of the store.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageCompleter))]
    public string[] Image { get; set; } = ["*"];

    /// <summary>Another store that has the images: a registered name, a directory or an <c>s3://</c> address.</summary>
    [Parameter]
    [Alias("Source")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? SourceStore { get; set; }

    /// <summary>A registered name, a directory or an <c>s3://</c> address. Without it: as for <see cref="StoreCmdlet.Store"/>.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? Store { get; set; }

    /// <summary>Hosts that have the images, as <c>[user@]host[:port]</c>; asked in this order, after the other store.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[]? HostName { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync(Store).ConfigureAwait(false);
        StoreSelection? source = string.IsNullOrEmpty(SourceStore) ? null : await SelectStoreAsync(SourceStore).ConfigureAwait(false);
        string? keyFile = await KeyFileAsync().ConfigureAwait(false);
        bool planOnly = await IsTrialAsync().ConfigureAwait(false);
        await OnEachImageAsync(Image, async image =>
        {
            string from = string.Join(", ", new[] { source?.Title }.Concat(HostName ?? []).Where(static name => name is not null));
            if (!await Pipeline.ShouldProcessAsync($"{image} in {store.Title}", from.Length > 0 ? $"Repair from {from}" : "Repair").ConfigureAwait(false) && !planOnly)
                return;
            var request = new RepairRequest
            {
                Store = store.Location,
                Image = image == "*" ? null : image,
                Source = source?.Location,
                Hosts = HostName is { Length: > 0 } ? Array.ConvertAll(HostName, name => Reference(name, keyFile)) : null,
                PlanOnly = planOnly,
            };
            await RunEngineOnItemsAsync<RepairResult>(
                request, $"Repairing {image}", result => Pipeline.WriteObject(new VmImageRepair(result, store.Name)), cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    private HostReference Reference(string name, string? keyFile) => new()
    {
        Name = name,
        UserName = Given(UserName),
        Port = Port,
        KeyFile = keyFile,
        Options = HostConnection.Texts(Options),
        ImageDirectory = HostImageDirectory,
    };
}
