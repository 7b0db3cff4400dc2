namespace ImageFabric.Store.Tests.Collect;

/// <summary>The time of a machine whose clock is ahead, or that slept.</summary>
internal sealed class JumpingTime : TimeProvider
{
    private long ahead;

    public TimeSpan Ahead
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref ahead));
        set => Interlocked.Exchange(ref ahead, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + Ahead;
}
