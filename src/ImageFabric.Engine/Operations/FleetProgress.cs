using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Operations;

/// <summary>Adds the progress of many hosts up to one.</summary>
internal sealed class FleetProgress(IEventOutput output, string activity)
{
    private readonly IEventOutput output = output;
    private readonly Lock adding = new();
    private Sums all;

    /// <summary>An observer for one more host.</summary>
    public IEngineObserver ForHost() => new HostObserver(this);

    private void Replace(in Sums old, in Sums current)
    {
        lock (adding)
        {
            all = all.Plus(current, 1).Plus(old, -1);
            output.Progress(new ProgressReport(activity, all.Done, all.Total)
            {
                ToFetch = all.ToFetch > 0 ? all.ToFetch : null,
                Fetched = all.ToFetch > 0 ? all.Fetched : null,
                Reused = all.ToFetch > 0 ? all.Reused : null,
            });
        }
    }

    private readonly record struct Sums(long Done, long Total, long ToFetch, long Fetched, long Reused)
    {
        public Sums Plus(in Sums other, int sign) => new(
            Done + (sign * other.Done), Total + (sign * other.Total), ToFetch + (sign * other.ToFetch), Fetched + (sign * other.Fetched), Reused + (sign * other.Reused));
    }

    private sealed class HostObserver(FleetProgress fleet) : IEngineObserver
    {
        private readonly Lock counting = new();
        private Sums host;

        public void OnProgress(ProgressEvent progress)
        {
            lock (counting)
            {
                var now = new Sums(progress.BytesDone, progress.BytesTotal ?? host.Total, progress.BytesToFetch ?? 0, progress.BytesFetched ?? 0, progress.BytesReused ?? 0);
                fleet.Replace(host, now);
                host = now;
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
