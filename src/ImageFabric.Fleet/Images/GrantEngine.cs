using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// The engine that presigns one image's objects for all hosts. It starts when it is first asked for, answers demands in their order, and
/// runs until it is disposed of.
/// </summary>
internal sealed class GrantEngine(LocalEngine engine, GrantRequest request) : IGrantSource, IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<TaskCompletionSource<GrantEvent>> _unanswered = new();
    private readonly SemaphoreSlim _asking = new(1);
    private readonly TaskCompletionSource<ImageResult> _image = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _disposing = new();
    private EngineProcess? _process;
    private FleetException? _ended;
    private Task _reading = Task.CompletedTask;

    /// <summary>The image that is granted.</summary>
    /// <exception cref="FleetException">The store or the image is not usable, or the engine failed.</exception>
    public Task<ImageResult> ResolveAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_disposing.IsCancellationRequested)
                throw new ObjectDisposedException(nameof(GrantEngine));
            if (_process is null)
            {
                _process = engine.Start();
                _reading = ReadAsync(_process);
            }
        }

        return _image.Task.OrCancelled(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<GrantEvent> GrantAsync(DemandEvent demand, CancellationToken cancellationToken)
    {
        await ResolveAsync(cancellationToken).ConfigureAwait(false);
        var answer = new TaskCompletionSource<GrantEvent>(TaskCreationOptions.RunContinuationsAsynchronously);

        // Asked in the order of the queue, since the answers come in that order.
        await _asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!TryQueue(answer, out FleetException? ended))
                throw new FleetException(ended!.Error);

            // Not cancelled half-way: half a line would spoil the next host's demand.
            await _process!.WriteLineAsync(ProtocolJson.Serialize(demand), _disposing.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException)
        {
            // The engine has ended; the reader says so to everyone in the queue.
        }
        finally
        {
            _asking.Release();
        }

        return await answer.Task.OrCancelled(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the engine within 1.5 s.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposing.IsCancellationRequested)
                return;
            _disposing.Cancel();
        }

        _reading.GetAwaiter().GetResult();
    }

    private async Task ReadAsync(EngineProcess process)
    {
        FleetException end;
        try
        {
            await SendRequestAsync(process).ConfigureAwait(false);
            while (await process.ReadLineAsync(_disposing.Token).ConfigureAwait(false) is { } line)
                Take(line);
            int exitCode = await process.WaitForExitAsync(_disposing.Token).ConfigureAwait(false);
            end = Ended($"The engine that grants ended with exit code {exitCode}.{await process.LastWordsAsync(_disposing.Token).ConfigureAwait(false)}");
        }
        catch (OperationCanceledException)
        {
            end = Ended("The sync has ended.");
        }
        catch (FleetException e)
        {
            end = e;
        }

        End(end);
        await process.StopAsync().ConfigureAwait(false);
        process.Dispose();
    }

    private async Task SendRequestAsync(EngineProcess process)
    {
        try
        {
            await process.WriteLineAsync(ProtocolJson.Serialize(request), _disposing.Token).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The engine reads no more; why, it says on its output, which is read next.
        }
    }

    private void Take(string line)
    {
        switch (ProtocolLine.Read<EngineEvent>(line, request.Image).Type)
        {
            case EngineEvent.ResultType:
                _image.TrySetResult(ProtocolLine.Read<ImageResult>(line, request.Image));
                break;
            case EngineEvent.GrantType when Next() is { } answer:
                answer.TrySetResult(ProtocolLine.Read<GrantEvent>(line, request.Image));
                break;
            case EngineEvent.ErrorType:
                TakeError(new FleetException(ProtocolLine.Read<ErrorEvent>(line, request.Image)));
                break;
        }
    }

    // An error before the image concerns everything; after it, the demand whose turn it is.
    private void TakeError(FleetException error)
    {
        if (!_image.TrySetException(error))
            Next()?.TrySetException(error);
    }

    // The error is thrown by the caller, outside the lock.
    private bool TryQueue(TaskCompletionSource<GrantEvent> answer, out FleetException? ended)
    {
        lock (_gate)
        {
            ended = _ended;
            if (ended is null)
                _unanswered.Enqueue(answer);
        }

        return ended is null;
    }

    private TaskCompletionSource<GrantEvent>? Next()
    {
        lock (_gate)
            return _unanswered.Count > 0 ? _unanswered.Dequeue() : null;
    }

    private void End(FleetException end)
    {
        lock (_gate)
            _ended = end;
        _image.TrySetException(end);
        while (Next() is { } answer)
            answer.TrySetException(end);
    }

    private FleetException Ended(string message) => new("EngineFailed", request.Image, message);
}
