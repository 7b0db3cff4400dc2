using System.Diagnostics;

namespace ImageFabric.Store.Publish;

/// <summary>Turns for uploads, as many at once as <see cref="UploadRate"/> finds worth it.</summary>
/// <param name="most">The most there may be at once.</param>
/// <param name="faults">Tells how often the store refused or did not answer so far.</param>
internal sealed class UploadSlots(int most, Func<long> faults) : IDisposable
{
    private readonly Lock guard = new();
    private readonly UploadRate rate = new(most);
    private readonly SemaphoreSlim free = new(new UploadRate(most).Current);
    private readonly long start = Stopwatch.GetTimestamp();
    private int waiting;
    private int surplus;

    /// <summary>Waits for a turn.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref waiting);
        try
        {
            await free.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    /// <summary>Ends a turn in which <paramref name="length"/> bytes arrived; 0 for one in which nothing did.</summary>
    public void Release(long length, TimeSpan took)
    {
        lock (guard)
        {
            int before = rate.Current;
            if (length > 0)
                rate.Completed(length, took.TotalSeconds, Stopwatch.GetElapsedTime(start).TotalSeconds, Volatile.Read(ref waiting) > 0, faults());

            // Turns that are out cannot be taken back: they lapse when they end.
            surplus += before - rate.Current - 1;
            for (; surplus < 0; surplus++)
                free.Release();
        }
    }

    public void Dispose() => free.Dispose();
}
