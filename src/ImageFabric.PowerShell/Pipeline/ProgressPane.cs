using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Management.Automation;

namespace ImageFabric.PowerShell;

/// <summary>
/// The progress bars of one cmdlet: workers set their newest state, the pipeline's thread shows it at most five times a second. Work on several
/// hosts has one bar for all of them, under which those of the hosts are.
/// </summary>
/// <param name="fleetActivity">What the bar of all hosts is called.</param>
internal sealed class ProgressPane(string fleetActivity)
{
    private const int FleetId = 0;
    private const int NoParent = -1;

    /// <summary>Time between two showings.</summary>
    public const int IntervalMilliseconds = 200;

    private readonly List<ProgressBar> _bars = [];
    private readonly Stopwatch _sinceShown = new();
    private int _lastId = FleetId;
    private int _expected;
    private int _finished;
    private bool _fleetShown;
    private (string Status, int Percent) _fleetSaid;

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

    /// <summary>One more host will be worked on.</summary>
    public void Expect()
    {
        lock (_bars)
            _expected++;
    }

    /// <summary>The work on one host has ended.</summary>
    public void Finish()
    {
        lock (_bars)
            _finished++;
    }

    /// <summary>On the pipeline's thread: shows what has changed, if it is time; the end of a bar is shown at once.</summary>
    public void Show(Action<ProgressRecord> write)
    {
        List<ProgressRecord> changed = [];
        lock (_bars)
        {
            bool due = !_sinceShown.IsRunning || _sinceShown.ElapsedMilliseconds >= IntervalMilliseconds;
            if (_expected > 1 && due && TakeFleetChange() is { } fleet)
                changed.Add(fleet);
            foreach (ProgressBar bar in _bars)
            {
                if (bar.TakeChange(due) is not { } record)
                    continue;
                record.ParentActivityId = _fleetShown ? FleetId : NoParent;
                changed.Add(record);
            }

            _bars.RemoveAll(static bar => bar.Ended);
            if (due && changed.Count > 0)
                _sinceShown.Restart();
        }

        // Outside the lock: the host may take its time, and may throw.
        changed.ForEach(write);
    }

    /// <summary>On the pipeline's thread, after the last work: removes the bar of all hosts.</summary>
    public void End(Action<ProgressRecord> write)
    {
        if (!_fleetShown)
            return;
        _fleetShown = false;
        write(new ProgressRecord(FleetId, fleetActivity, "Done") { RecordType = ProgressRecordType.Completed });
    }

    private ProgressRecord? TakeFleetChange()
    {
        double done = _finished + _bars.Sum(static bar => bar.Fraction);
        string status = $"{_finished} of {_expected} done";
        int percent = (int)Math.Min(100, 100 * done / _expected);
        if (_fleetShown && (status, percent) == _fleetSaid)
            return null;
        _fleetShown = true;
        _fleetSaid = (status, percent);
        return new ProgressRecord(FleetId, fleetActivity, status) { PercentComplete = percent };
    }
}
