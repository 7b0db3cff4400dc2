using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>One host's place among those that work at the same time. While the host does not answer, others have it. Used by one request after the other.</summary>
public sealed class HostSlot : IDisposable
{
    private readonly HostSlots _slots;
    private readonly Stopwatch _clock = new();
    private CancellationTokenSource? _limited;
    private TimeSpan _limit;
    private bool _held = true;

    internal HostSlot(HostSlots slots) => _slots = slots;

    /// <summary>Gives it back.</summary>
    public void Dispose() => Yield();

    /// <summary>Cancels a source after a time in which the wait for a place, when the host answered late, does not count.</summary>
    internal void Limit(CancellationTokenSource source, TimeSpan limit)
    {
        (_limited, _limit) = (source, limit);
        _clock.Restart();
        source.CancelAfter(limit);
    }

    /// <summary>Waits for the first sign of the host. One that is silent for longer than a host usually is gives its place to others, and waits for one when it has answered.</summary>
    /// <param name="answer">The sign; null where there will be none, which needs no place any more.</param>
    /// <param name="cancellationToken">Ends the wait for a place; the answer's own wait is the caller's to end.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal async Task<T?> AwaitAsync<T>(Task<T?> answer, CancellationToken cancellationToken)
        where T : class
    {
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            await Task.WhenAny(answer, Task.Delay(_slots.Patience, patience.Token)).ConfigureAwait(false);
            patience.Cancel();
        }

        if (!answer.IsCompleted)
            Yield();
        T? given = await answer.ConfigureAwait(false);
        if (_held || given is null)
            return given;
        _limited?.CancelAfter(Timeout.InfiniteTimeSpan);
        _clock.Stop();
        await _slots.ReturnAsync(cancellationToken).ConfigureAwait(false);
        _held = true;
        _clock.Start();
        TimeSpan left = _limit - _clock.Elapsed;
        _limited?.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        return given;
    }

    private void Yield()
    {
        if (!_held)
            return;
        _held = false;
        _slots.Release();
    }
}
