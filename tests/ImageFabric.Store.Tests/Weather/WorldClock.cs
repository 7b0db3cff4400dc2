namespace ImageFabric.Store.Tests.Weather;

/// <summary>
/// The one true time of a schedule, of which minutes pass at a time. It stands still while somebody is between two moments that the store format
/// promises to be close together; how long real requests take is no matter.
/// </summary>
internal sealed class WorldClock
{
    private readonly Lock gate = new();
    private TimeSpan passed;
    private int holds;

    /// <summary>Time that has passed.</summary>
    public TimeSpan Passed
    {
        get
        {
            lock (gate)
                return passed;
        }
    }

    /// <summary>The store's clock.</summary>
    public DateTimeOffset StoreNow() => DateTimeOffset.UtcNow + Passed;

    /// <summary>The clock of a machine that is so far off.</summary>
    public TimeProvider Of(TimeSpan skew) => new MachineTime(this, skew);

    public void Hold()
    {
        lock (gate)
            holds++;
    }

    public void Release()
    {
        lock (gate)
            holds--;
    }

    /// <summary>Lets time pass, unless it is held.</summary>
    public void Pass(TimeSpan time)
    {
        lock (gate)
        {
            if (holds == 0)
                passed += time;
        }
    }

    private sealed class MachineTime(WorldClock world, TimeSpan skew) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => world.StoreNow() + skew;

        public override long GetTimestamp() => base.GetTimestamp() + (world.Passed.Ticks * TimestampFrequency / TimeSpan.TicksPerSecond);
    }
}
