namespace ImageFabric.Store.Objects;

/// <summary>Lets bytes pass at no more than a rate, whoever moves them. Safe to use from many threads.</summary>
public sealed class BandwidthLimit
{
    /// <summary>The lowest rate, in bytes a second: below it, services take a transfer for dead.</summary>
    public const long Slowest = 64 * 1024;

    // What was not used may be made up for, but not for long: the line is somebody else's in the meantime.
    private static readonly TimeSpan Credit = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(1);

    private readonly Lock guard = new();
    private readonly long bytesPerSecond;
    private readonly TimeProvider time;
    private readonly long start;
    private TimeSpan spentUntil;

    internal BandwidthLimit(long bytesPerSecond, TimeProvider time)
    {
        this.bytesPerSecond = bytesPerSecond;
        this.time = time;
        start = time.GetTimestamp();
    }

    /// <summary>The limit of a rate, or none.</summary>
    /// <param name="bytesPerSecond">The rate, at least <see cref="Slowest"/>. Null: there is none.</param>
    public static BandwidthLimit? Of(long? bytesPerSecond) => bytesPerSecond is { } rate ? new BandwidthLimit(rate, TimeProvider.System) : null;

    /// <summary>Counts bytes that moved or are about to, and waits until the rate allows for them.</summary>
    /// <param name="count">How many.</param>
    /// <param name="alive">Told about once a second that the waiting is no silence of the store.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    internal async ValueTask SpendAsync(int count, Action? alive, CancellationToken cancellationToken)
    {
        TimeSpan due;
        lock (guard)
        {
            TimeSpan now = time.GetElapsedTime(start);
            due = spentUntil = (spentUntil > now - Credit ? spentUntil : now - Credit) + TimeSpan.FromSeconds((double)count / bytesPerSecond);
        }

        for (TimeSpan left = due - time.GetElapsedTime(start); left > TimeSpan.Zero; left = due - time.GetElapsedTime(start))
        {
            // Less than a millisecond would be no wait at all, again and again.
            var pause = TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
            await Task.Delay(pause < LongestSilence ? pause : LongestSilence, time, cancellationToken).ConfigureAwait(false);
            alive?.Invoke();
        }
    }
}
