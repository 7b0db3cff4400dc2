using System;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>Answers an engine's demands beside the reading of its other lines, a few at a time. The first that fails ends the reading.</summary>
internal sealed class DemandAnswers : IDisposable
{
    private readonly IGrantSource? _grants;
    private readonly Func<GrantEvent, CancellationToken, Task> _send;
    private readonly string _target;
    private readonly CancellationToken _cancelled;
    private readonly CancellationTokenSource _ending;
    private readonly SemaphoreSlim _free;
    private volatile Exception? _failure;
    private bool _disposed;

    public DemandAnswers(
        IGrantSource? grants, Func<GrantEvent, CancellationToken, Task> send, string target, int atOnce, CancellationToken cancellationToken)
    {
        _grants = grants;
        _send = send;
        _target = target;
        _cancelled = cancellationToken;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _free = new SemaphoreSlim(atOnce);
        Token = _ending.Token;
    }

    /// <summary>Cancelled by the caller's cancellation, and when an answer failed.</summary>
    public CancellationToken Token { get; }

    /// <summary>Begins to answer; waits first while too many answers are on their way.</summary>
    public async Task AddAsync(DemandEvent demand)
    {
        if (_grants is null)
            throw new FleetException("EngineFailed", _target, "The engine demands objects for an operation that grants none.");
        await OrFailed(WaitForFreeAsync()).ConfigureAwait(false);
        _ = AnswerAsync(_grants, demand);
    }

    /// <summary>Waits for a task that <see cref="Token"/> cancels; when an answer has failed, throws that failure instead.</summary>
    public async Task<TResult> OrFailed<TResult>(Task<TResult> task)
    {
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_cancelled.IsCancellationRequested && _failure is { } failure)
        {
            throw failure is FleetException { Error: { } error } ? new FleetException(error) : new FleetException("InternalError", _target, failure.Message, failure);
        }
    }

    /// <summary>Gives up the answers that are on their way.</summary>
    public void Dispose()
    {
        lock (_ending)
        {
            _disposed = true;
            _ending.Cancel();
            _ending.Dispose();
        }
    }

    private async Task<bool> WaitForFreeAsync()
    {
        await _free.WaitAsync(Token).ConfigureAwait(false);
        return true;
    }

    private async Task AnswerAsync(IGrantSource grants, DemandEvent demand)
    {
        try
        {
            GrantEvent grant = await grants.GrantAsync(demand, Token).ConfigureAwait(false);
            await _send(grant, Token).ConfigureAwait(false);
            _free.Release();
        }
        catch (Exception e)
        {
            // Goes to the reader, which is the one that waits.
            lock (_ending)
            {
                _failure ??= e;
                if (!_disposed)
                    _ending.Cancel();
            }
        }
    }
}
