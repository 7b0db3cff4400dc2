using System;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>
/// Deletes data that no published version needs. It is marked in one run and deleted in one that comes a grace period later, so that publishers and
/// pulls can be at work. Packs that are less than half in use are written anew.
/// </summary>
[Cmdlet(VerbsCommon.Optimize, "VmImageStore", SupportsShouldProcess = true)]
[OutputType(typeof(VmImageStoreOptimization))]
public sealed class OptimizeVmImageStoreCommand : EngineCmdlet
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

    /// <summary>How long what nothing leads to is kept, first unmarked and then marked: 1 hour to 30 days, and longer than any publish and any pull takes. Without it: a day.</summary>
    [Parameter]
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Packs of whose bytes less than this share is in use are written anew, in percent. 0: none. Without it: 50.</summary>
    [Parameter]
    [ValidateRange(0, 100)]
    public int RepackBelowPercent { get; set; } = 50;

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreSelection store = await SelectStoreAsync(Store).ConfigureAwait(false);
        var request = new OptimizeRequest
        {
            Store = store.Location,
            GraceSeconds = (long)GracePeriod.TotalSeconds,
            RepackBelowPercent = RepackBelowPercent,
            WhatIf = await IsTrialAsync().ConfigureAwait(false),
        };
        if (!request.WhatIf && !await Pipeline.ShouldProcessAsync(store.Title, "Delete what no published version needs").ConfigureAwait(false))
            return;
        OptimizeResult? result = null;
        await RunEngineAsync<OptimizeResult>(request, $"Optimizing {store.Title}", answer => result = answer, cancellationToken).ConfigureAwait(false);
        if (result is null)
            return;

        // The report of what would be done is said, and given out as well to compose with.
        if (request.WhatIf)
            await Pipeline.ShouldProcessAsync(store.Title, Action(result)).ConfigureAwait(false);
        Pipeline.WriteObject(new VmImageStoreOptimization(store, result));
    }

    private static string Action(OptimizeResult would) =>
        $"Delete {ByteSize.Format(would.DeletedBytes + would.LeftoverBytes)}, mark {ByteSize.Format(would.MarkedBytes)}, write {ByteSize.Format(would.BytesWritten)} anew";
}
