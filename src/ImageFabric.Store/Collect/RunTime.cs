namespace ImageFabric.Store.Collect;

/// <summary>How long a run takes already: by the clock that no one sets, or by the one on the wall if that says more, as after a machine has slept.</summary>
internal sealed class RunTime(TimeProvider time)
{
    /// <summary>What a single change may take at most once it is decided, waiting for a store that does not answer included.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(10);

    private readonly long begun = time.GetTimestamp();
    private readonly DateTimeOffset begunOnTheWall = time.GetUtcNow();

    /// <summary>Whether a change that is decided now is done before the run is so old.</summary>
    public bool IsWithin(TimeSpan limit)
    {
        TimeSpan elapsed = time.GetElapsedTime(begun);
        TimeSpan onTheWall = time.GetUtcNow() - begunOnTheWall;
        return (onTheWall > elapsed ? onTheWall : elapsed) + Margin <= limit;
    }
}
