using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Says what hosts lack for images and machines: one object for each check.</summary>
[Cmdlet(VerbsDiagnostic.Test, "VmHost")]
[OutputType(typeof(VmHostTest))]
public sealed class TestVmHostCommand : HostCmdlet
{
    /// <summary>Hosts as <c>[user@]host[:port]</c>. Without it: this machine.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [Alias("ComputerName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = ["localhost"];

    /// <summary>Room that should be free for images, in bytes. Without it: 10GB.</summary>
    [Parameter]
    [ValidateRange(0L, long.MaxValue)]
    public long FreeSpace { get; set; } = 10L << 30;

    /// <summary>
    /// The store that the hosts should reach: a registered name, a directory or an <c>s3://</c> address. Without it: <c>IMAGEFABRIC_STORE</c>, then
    /// the registered default; the user's own directory store is not looked for.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string? Store { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync(Store).ConfigureAwait(false);
        await StartOnEachAsync(HostName, (host, slot) => TestAsync(host, slot, StoreAddress.ForHosts(store.Location), cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task TestAsync(HostConnection host, HostSlot slot, string? storeAddress, CancellationToken cancellationToken)
    {
        using var observer = new EngineObserver(Pipeline, $"Testing {host.Name}", host.Name);
        var request = new HostTestRequest
        {
            ImageDirectory = host.ImageDirectory,
            StoreAddress = storeAddress,
            FreeBytes = FreeSpace,
        };

        // Hosts are asked side by side; the rows of each are given out together.
        var rows = new List<VmHostTest>();
        try
        {
            await EngineOn(host, slot).RunAsync<HostTestResult>(request, result => rows.Add(new VmHostTest(host, result)), observer, grants: null, cancellationToken).ConfigureAwait(false);
        }
        catch (FleetException unreachable)
        {
            // Who looks for failed rows must not take a dead host for a good one.
            rows.Add(new VmHostTest(host, new HostTestResult
            {
                Check = "Connection",
                Status = HostTestResult.Failed,
                Message = unreachable.Message,
                RecommendedAction = unreachable.Error.RecommendedAction,
            }));
            throw;
        }
        finally
        {
            rows.ForEach(Pipeline.WriteObject);
        }
    }
}
