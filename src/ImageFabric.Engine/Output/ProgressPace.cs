using System.Diagnostics;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Output;

/// <summary>Lets at most five reports a second through, and none that goes backwards; the last one of an activity always passes.</summary>
internal sealed class ProgressPace
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private string activity = "";
    private long lastDone;
    private long lastFetched;
    private long lastTime;
    private TransferRate rate = new(TimeProvider.System);

    /// <summary>True when a report is to be shown. The caller holds a lock.</summary>
    public bool Passes(in ProgressReport report)
    {
        if (report.Activity != activity)
            (activity, lastDone, lastFetched, lastTime, rate) = (report.Activity, 0, 0, 0, new TransferRate(TimeProvider.System));
        long fetched = report.Fetched ?? 0;
        if (report.Done < lastDone || (report.Done == lastDone && fetched <= lastFetched && lastTime != 0))
            return false;
        bool last = report.Done == report.Total && report.Done > lastDone;
        if (lastTime != 0 && !last && Stopwatch.GetElapsedTime(lastTime) < Interval)
            return false;
        (lastDone, lastFetched, lastTime) = (report.Done, fetched, Stopwatch.GetTimestamp());
        return true;
    }

    /// <summary>The event of a report that passed.</summary>
    public ProgressEvent Describe(in ProgressReport report)
    {
        var told = new ProgressEvent { Activity = report.Activity, BytesDone = report.Done, BytesTotal = report.Total };
        if (report.Fetched is not { } fetched)
            return told;
        rate.Add(fetched);
        told.BytesToFetch = report.ToFetch;
        told.BytesFetched = fetched;
        told.BytesReused = report.Reused;
        told.BytesPerSecond = rate.PerSecond;
        told.SecondsLeft = report.ToFetch is { } all ? rate.SecondsFor(all - fetched) : null;
        return told;
    }
}
