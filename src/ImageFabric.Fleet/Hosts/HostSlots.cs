using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>Lets so many hosts work at the same time. Safe to use from many threads.</summary>
public sealed class HostSlots
{
    private readonly object _gate = new();

    // Who was at work already goes first: its host has been reached and waits.
    private readonly LinkedList<TaskCompletionSource<bool>> _returning = new();
    private readonly LinkedList<TaskCompletionSource<bool>> _waiting = new();
    private int _free;

    /// <summary>Makes slots.</summary>
    /// <param name="count">How many, at least 1.</param>
    public HostSlots(int count)
    {
        if (count < 1)
            throw new ArgumentOutOfRangeException(nameof(count), count, "Without a slot no host works.");
        _free = count;
    }

    /// <summary>How long a host may be silent at first before others go on in its place; a login takes a fraction of a second.</summary>
    internal TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>A slot for a host, when one is free.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<HostSlot> TakeAsync(CancellationToken cancellationToken)
    {
        await AcquireAsync(_waiting, cancellationToken).ConfigureAwait(false);
        return new HostSlot(this);
    }

    internal Task ReturnAsync(CancellationToken cancellationToken) => AcquireAsync(_returning, cancellationToken);

    internal void Release()
    {
        TaskCompletionSource<bool> next;
        lock (_gate)
        {
            LinkedList<TaskCompletionSource<bool>> queue = _returning.Count > 0 ? _returning : _waiting;
            if (queue.Count == 0)
            {
                _free++;
                return;
            }

            next = queue.First.Value;
            queue.RemoveFirst();
        }

        next.SetResult(true);
    }

    private async Task AcquireAsync(LinkedList<TaskCompletionSource<bool>> queue, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var turn = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return;
            }

            queue.AddLast(turn);
        }

        using (cancellationToken.Register(GiveUp))
            await turn.Task.ConfigureAwait(false);

        // Whoever finds it in the queue ends its wait: Release, or this.
        void GiveUp()
        {
            bool queued;
            lock (_gate)
                queued = queue.Remove(turn);
            if (queued)
                turn.TrySetCanceled(cancellationToken);
        }
    }
}
