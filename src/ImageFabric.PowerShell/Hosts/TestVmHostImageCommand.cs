using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Has hosts read their images and check every byte. An image that is damaged is an error as well as a result.</summary>
[Cmdlet(VerbsDiagnostic.Test, "VmHostImage")]
[OutputType(typeof(VmHostImageTest))]
public sealed class TestVmHostImageCommand : HostCmdlet
{
    /// <summary><c>NAME[:VERSION]</c> with wildcards, or <c>sha256:…</c>. Without it: all.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostImageCompleter))]
    public string[] Image { get; set; } = ["*"];

    /// <summary>Hosts as <c>[user@]host[:port]</c>. Without it: this machine.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = ["localhost"];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        string[] images = Image;
        await StartOnEachAsync(HostName, (host, slot) => TestAsync(host, slot, images, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task TestAsync(HostConnection host, HostSlot slot, string[] images, CancellationToken cancellationToken)
    {
        using var observer = new EngineObserver(Pipeline, $"Checking images on {host.Name}", host.Name);
        await EngineOn(host, slot).RunAsync<HostImageTestResult>(
            new HostImageTestRequest { ImageDirectory = host.ImageDirectory, Images = images },
            result => Show(host, result),
            error => Pipeline.WriteError(EngineErrorRecord.From(error, host)),
            observer,
            grants: null,
            cancellationToken).ConfigureAwait(false);
    }

    private void Show(HostConnection host, HostImageTestResult result)
    {
        var item = new VmHostImageTest(host, result);
        Pipeline.WriteObject(item);
        if (!item.Intact)
            Pipeline.WriteError(EngineErrorRecord.From(new FleetException("HostImageCorrupt", item.Image, $"{host.Name}: {item.Path}: {item.Damage}"), item));
    }
}
