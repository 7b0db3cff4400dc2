namespace ImageFabric.Engine.Output;

/// <summary>How fast bytes have come over the last few seconds, and how long the rest will take.</summary>
internal sealed class TransferRate(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(400);

    private readonly Queue<(long At, long Bytes)> samples = new();

    /// <summary>Bytes a second; null until enough time has passed.</summary>
    public long? PerSecond { get; private set; }

    /// <summary>Notes how many bytes there are by now.</summary>
    public void Add(long bytes)
    {
        long now = time.GetTimestamp();
        if (samples.TryPeek(out (long At, long Bytes) oldest) && bytes < oldest.Bytes)
            samples.Clear();
        samples.Enqueue((now, bytes));
        while (samples.Count > 2 && time.GetElapsedTime(samples.Peek().At, now) > Window)
            samples.Dequeue();
        (long since, long then) = samples.Peek();
        TimeSpan span = time.GetElapsedTime(since, now);
        PerSecond = span >= Shortest ? (long)((bytes - then) / span.TotalSeconds) : null;
    }

    /// <summary>Seconds until so many bytes more are there; null when that cannot be said.</summary>
    public long? SecondsFor(long bytes) => PerSecond is > 0 and { } rate ? (long)Math.Ceiling(Math.Max(0, bytes) / (double)rate) : null;
}
