using System;
using System.Management.Automation;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>One line of the progress pane.</summary>
internal sealed class ProgressBar(int id, string activity) : IDisposable
{
    private readonly object _gate = new();
    private ProgressEvent? _news;
    private bool _shown;
    private bool _disposed;

    /// <summary>True when its end was taken, too.</summary>
    public bool Ended { get; private set; }

    /// <summary>How much of the work is done, 0 to 1, as far as it is known.</summary>
    public double Fraction { get; private set; }

    /// <summary>Sets the newest state.</summary>
    public void Set(ProgressEvent progress)
    {
        lock (_gate)
            _news = progress;
    }

    /// <summary>The work has ended.</summary>
    public void Dispose()
    {
        lock (_gate)
            _disposed = true;
    }

    /// <summary>What is to be shown. Null: nothing new, or not yet.</summary>
    public ProgressRecord? TakeChange(bool due)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                Ended = true;
                return _shown ? new ProgressRecord(id, activity, "Done") { RecordType = ProgressRecordType.Completed } : null;
            }

            if (!due || _news is not { } news)
                return null;
            _news = null;
            _shown = true;
            Fraction = Math.Max(0, Percent(news)) / 100.0;
            return new ProgressRecord(id, activity, Describe(news)) { PercentComplete = Percent(news), SecondsRemaining = SecondsRemaining(news) };
        }
    }

    private static string Describe(ProgressEvent progress)
    {
        string bytes = progress.BytesTotal is > 0 and { } total ? $"{ByteSize.Format(progress.BytesDone)} of {ByteSize.Format(total)}" : ByteSize.Format(progress.BytesDone);
        if (progress.BytesFetched is { } fetched)
            bytes += DescribeFetching(progress, fetched);
        return progress.Activity.Length == 0 ? bytes : $"{progress.Activity}: {bytes}";
    }

    private static string DescribeFetching(ProgressEvent progress, long fetched)
    {
        string text = progress.BytesToFetch is { } all ? $", {ByteSize.Format(fetched)} of {ByteSize.Format(all)} fetched" : $", {ByteSize.Format(fetched)} fetched";
        if (progress.BytesReused is > 0 and { } reused)
            text += $", {ByteSize.Format(reused)} reused";
        return progress.BytesPerSecond is { } rate ? $"{text}, {ByteSize.Format(rate)}/s" : text;
    }

    private static int SecondsRemaining(ProgressEvent progress) => progress.SecondsLeft is { } left ? (int)Math.Min(left, int.MaxValue) : -1;

    private static int Percent(ProgressEvent progress) =>
        progress.BytesTotal is > 0 and { } total ? (int)Math.Min(100, Math.Max(0, 100.0 * progress.BytesDone / total)) : -1;
}
