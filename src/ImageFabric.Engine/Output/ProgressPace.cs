using System.Diagnostics;

namespace ImageFabric.Engine.Output;

/// <summary>Lets at most five reports a second through, and none that goes backwards; the last one of an activity always passes.</summary>
internal sealed class ProgressPace
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private string activity = "";
    private long lastDone;
    private long lastTime;

    /// <summary>True when a report is to be shown. The caller holds a lock.</summary>
    public bool Passes(string newActivity, long done, long? total)
    {
        if (newActivity != activity)
            (activity, lastDone, lastTime) = (newActivity, 0, 0);
        if (done < lastDone || (done == lastDone && lastTime != 0))
            return false;
        if (lastTime != 0 && done != total && Stopwatch.GetElapsedTime(lastTime) < Interval)
            return false;
        (lastDone, lastTime) = (done, Stopwatch.GetTimestamp());
        return true;
    }
}
