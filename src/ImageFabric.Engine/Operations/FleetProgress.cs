using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Operations;

/// <summary>Adds the progress of many hosts up to one.</summary>
internal sealed class FleetProgress(IEventOutput output, string activity)
{
    private readonly IEventOutput output = output;
    private readonly Lock adding = new();
    private long done;
    private long total;

    /// <summary>An observer for one more host.</summary>
    public IEngineObserver ForHost() => new HostObserver(this);

    private void Add(long moreDone, long moreTotal)
    {
        lock (adding)
        {
            done += moreDone;
            total += moreTotal;
            output.Progress(activity, done, total);
        }
    }

    private sealed class HostObserver(FleetProgress fleet) : IEngineObserver
    {
        private readonly Lock counting = new();
        private long done;
        private long total;

        public void OnProgress(ProgressEvent progress)
        {
            lock (counting)
            {
                long newTotal = progress.BytesTotal ?? total;
                fleet.Add(progress.BytesDone - done, newTotal - total);
                (done, total) = (progress.BytesDone, newTotal);
            }
        }

        public void OnLog(LogEvent log)
        {
            if (log.Level == LogEvent.Warning)
                fleet.output.Warning(log.Message);
            else
                fleet.output.Verbose(log.Message);
        }
    }
}
