namespace ImageFabric.Store.Publish;

/// <summary>
/// How many uploads at once are worth it: one more as long as that moves more bytes a second, half as many when the store refused or did not answer,
/// one fewer when each takes twice as long as it did. Told of every upload; an instance belongs to one thread at a time.
/// </summary>
/// <param name="most">The most there may be.</param>
internal sealed class UploadRate(int most)
{
    private const int Start = 2;
    private const double WorthIt = 1.05;
    private const double Slow = 2;

    // Rounds without another try, after a refusal and after a try that moved no more.
    private const int RestAfterFault = 2;
    private const int RestAfterTry = 8;

    private int uploads;
    private long bytes;
    private double busySeconds;
    private double roundStart;
    private long faultsBefore;
    private double rateBefore;
    private double bestSecondsPerByte = double.MaxValue;
    private bool tried;
    private int rest;

    /// <summary>Uploads at once from now on.</summary>
    public int Current { get; private set; } = Math.Min(Start, most);

    /// <summary>An upload has arrived.</summary>
    /// <param name="length">Its bytes.</param>
    /// <param name="seconds">What it took.</param>
    /// <param name="now">The time, in seconds from the first upload's begin.</param>
    /// <param name="waiting">True when a further upload waits for its turn, so that one more at once would be used.</param>
    /// <param name="faults">Refusals and silences of the store so far.</param>
    public void Completed(long length, double seconds, double now, bool waiting, long faults)
    {
        uploads++;
        bytes += length;
        busySeconds += seconds;
        if (uploads < Current && faults == faultsBefore)
            return;
        double rate = bytes / Math.Max(now - roundStart, 1e-6);
        double secondsPerByte = busySeconds / Math.Max(bytes, 1);
        Decide(rate, secondsPerByte, waiting, faults > faultsBefore);
        bestSecondsPerByte = Math.Min(bestSecondsPerByte, secondsPerByte);
        (uploads, bytes, busySeconds, roundStart, faultsBefore) = (0, 0, 0, now, faults);
    }

    private void Decide(double rate, double secondsPerByte, bool waiting, bool faulted)
    {
        if (faulted)
        {
            (Current, tried, rest) = (Math.Max(1, Current / 2), false, RestAfterFault);
        }
        else if (tried && rate < rateBefore * WorthIt)
        {
            (Current, tried, rest) = (Current - 1, false, RestAfterTry);
        }
        else if (Current > 1 && rate < rateBefore && secondsPerByte > bestSecondsPerByte * Slow)
        {
            (Current, tried, rest) = (Current - 1, false, RestAfterFault);

            // What was fast once may not come again.
            bestSecondsPerByte = secondsPerByte;
        }
        else if (rest > 0)
        {
            (tried, rest) = (false, rest - 1);
        }
        else
        {
            tried = waiting && Current < most;
            Current += tried ? 1 : 0;
        }

        rateBefore = rate;
    }
}
