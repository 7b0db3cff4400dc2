namespace ImageFabric.Store.Objects;

/// <summary>One attempt at a request: cancelled when its caller gives up, and when no byte has moved for too long.</summary>
internal sealed class Attempt : IDisposable
{
    // Fewer bytes in the time of a stall are as good as none: a service that trickles would hold the work for ever.
    private const int LeastProgress = 4096;

    private readonly TimeSpan stall;
    private readonly CancellationToken caller;
    private readonly CancellationTokenSource source;
    private int moved;
    private long gained;

    /// <summary>Begins an attempt that may be silent for <paramref name="stall"/>.</summary>
    public Attempt(TimeSpan stall, CancellationToken caller)
    {
        this.stall = stall;
        this.caller = caller;
        source = CancellationTokenSource.CreateLinkedTokenSource(caller);
        source.CancelAfter(stall);
    }

    /// <summary>To be passed to everything the attempt awaits.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>True when silence, not the caller, ended the attempt.</summary>
    public bool Stalled => source.IsCancellationRequested && !caller.IsCancellationRequested;

    /// <summary>True when bytes have arrived that a further attempt need not fetch again.</summary>
    public bool Gained { get; private set; }

    /// <summary>There is a sign of life: the silence begins anew.</summary>
    public void Alive()
    {
        moved = 0;
        source.CancelAfter(stall);
    }

    /// <summary>So many bytes moved: with enough of them the silence begins anew.</summary>
    public void Moved(int bytes)
    {
        moved += bytes;
        if (moved >= LeastProgress)
            Alive();
    }

    /// <summary>Nothing is awaited from the store until <see cref="Alive"/>.</summary>
    public void Pause() => source.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>The last byte was sent: what is in the network's buffers, and the store's own work, may take <paramref name="times"/> the usual silence.</summary>
    public void AwaitAnswer(int times) => source.CancelAfter(stall * times);

    /// <summary>So many bytes arrived for good: with enough of them the silence begins anew, and so does the patience with the store.</summary>
    public void Gain(int bytes)
    {
        gained += bytes;
        Gained |= gained >= LeastProgress;
        Moved(bytes);
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();
}
