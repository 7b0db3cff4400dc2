using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Management.Automation;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>The progress bars of one cmdlet: workers set their newest state, the pipeline's thread shows it at most five times a second.</summary>
internal sealed class ProgressPane
{
    /// <summary>Time between two showings.</summary>
    public const int IntervalMilliseconds = 200;

    private readonly List<ProgressBar> _bars = [];
    private readonly Stopwatch _sinceShown = new();
    private int _lastId;

    /// <summary>A new bar; it is shown with its first progress and removed when it is disposed.</summary>
    public ProgressBar Begin(string activity)
    {
        lock (_bars)
        {
            var bar = new ProgressBar(++_lastId, activity);
            _bars.Add(bar);
            return bar;
        }
    }

    /// <summary>On the pipeline's thread: shows what has changed, if it is time; the end of a bar is shown at once.</summary>
    public void Show(Action<ProgressRecord> write)
    {
        List<ProgressRecord> changed = [];
        lock (_bars)
        {
            bool due = !_sinceShown.IsRunning || _sinceShown.ElapsedMilliseconds >= IntervalMilliseconds;
            foreach (ProgressBar bar in _bars)
            {
                if (bar.TakeChange(due) is { } record)
                    changed.Add(record);
            }

            _bars.RemoveAll(static bar => bar.Ended);
            if (due && changed.Count > 0)
                _sinceShown.Restart();
        }

        // Outside the lock: the host may take its time, and may throw.
        changed.ForEach(write);
    }
}

/// <summary>One line of the progress pane.</summary>
internal sealed class ProgressBar(int id, string activity) : IDisposable
{
    private readonly object _gate = new();
    private ProgressEvent? _news;
    private bool _shown;
    private bool _disposed;

    /// <summary>True when its end was taken, too.</summary>
    public bool Ended { get; private set; }

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
            return new ProgressRecord(id, activity, Describe(news)) { PercentComplete = Percent(news) };
        }
    }

    private static string Describe(ProgressEvent progress)
    {
        string bytes = progress.BytesTotal is > 0 and { } total ? $"{ByteSize.Format(progress.BytesDone)} of {ByteSize.Format(total)}" : ByteSize.Format(progress.BytesDone);
        return progress.Activity.Length == 0 ? bytes : $"{progress.Activity}: {bytes}";
    }

    private static int Percent(ProgressEvent progress) =>
        progress.BytesTotal is > 0 and { } total ? (int)Math.Min(100, Math.Max(0, 100.0 * progress.BytesDone / total)) : -1;
}
