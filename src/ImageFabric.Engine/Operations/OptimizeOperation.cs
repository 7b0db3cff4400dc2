using System.Diagnostics;
using System.Globalization;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Operations;

/// <summary>Deletes what no image of a store leads to.</summary>
internal static class OptimizeOperation
{
    public static async Task RunAsync(OptimizeRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan grace = request.GraceSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, -1, int.MaxValue)) : CollectionTimes.DefaultGrace;
        if (grace < CollectionTimes.ShortestGrace || grace > CollectionTimes.LongestGrace)
            throw new OperationException("InvalidRequest", null, $"The grace period is {grace.TotalHours.ToString(CultureInfo.InvariantCulture)} hours; it must be 1 to 720, and longer than any publish and any pull takes.");
        if (request.RepackBelowPercent is < 0 or > 100)
            throw new OperationException("InvalidRequest", null, $"The share below which packs are written anew is {request.RepackBelowPercent} percent; it must be 0 to 100.");
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        var options = new CollectOptions
        {
            Grace = grace,
            RepackBelowPercent = request.RepackBelowPercent ?? 50,
            DryRun = request.WhatIf,
            Progress = new TransferReport(output, $"Reading what the images of {store.Location} need"),
        };
        CollectReport report = await GarbageCollector.RunAsync(store, options, cancellationToken).ConfigureAwait(false);
        foreach (StoreException damage in report.Damages)
            output.Error(Faults.Describe(damage));
        output.Result(Describe(report, request, store.Location, Stopwatch.GetElapsedTime(start)));
    }

    private static OptimizeResult Describe(CollectReport report, OptimizeRequest request, string location, TimeSpan duration) => new()
    {
        Uri = location,
        WhatIf = request.WhatIf,
        Images = report.Images,
        StoredObjects = report.Stored.Count,
        StoredBytes = report.Stored.Bytes,
        ReachableObjects = report.Reachable.Count,
        ReachableBytes = report.Reachable.Bytes,
        YoungObjects = report.Young.Count,
        YoungBytes = report.Young.Bytes,
        MarkedObjects = report.Marked.Count,
        MarkedBytes = report.Marked.Bytes,
        WaitingObjects = report.Waiting.Count,
        WaitingBytes = report.Waiting.Bytes,
        DeletedObjects = report.Deleted.Count,
        DeletedBytes = report.Deleted.Bytes,
        SparedObjects = report.Spared.Count,
        SparedBytes = report.Spared.Bytes,
        LeftoverObjects = report.Leftovers.Count,
        LeftoverBytes = report.Leftovers.Bytes,
        RepackedPacks = report.Repacked.Count,
        RepackedBytes = report.Repacked.Bytes,
        BytesWritten = report.BytesWritten,
        ImagesRewritten = report.ImagesRewritten,
        NextDue = report.NextDue?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        Complete = report.Complete,
        DurationSeconds = duration.TotalSeconds,
    };
}
