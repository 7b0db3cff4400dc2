using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>One request to one engine and everything it answers.</summary>
/// <typeparam name="T">The class of the operation's results.</typeparam>
internal sealed class EngineConversation<T>(
    IEngineChannel engine,
    string target,
    Action<T> onResult,
    Action<ErrorEvent>? onError,
    IEngineObserver? observer,
    IGrantSource? grants)
    where T : EngineEvent
{
    private const int ExitDone = 0;
    private const int ExitFailed = 1;
    private const int DemandsAtOnce = 4;

    // Ctrl+C on a terminal reaches the child before this process's own cancellation has come round.
    private static readonly TimeSpan CancellationOnItsWay = TimeSpan.FromSeconds(0.2);

    private readonly IHostExchange? _exchange = grants as IHostExchange;
    private ErrorEvent? _firstError;
    private bool _errorHandled;

    /// <summary>True when the engine has said anything at all.</summary>
    public bool Spoke { get; private set; }

    /// <summary>True when the engine itself said what went wrong.</summary>
    public bool ErrorSaid => _firstError is not null || _errorHandled;

    /// <summary>Sends the request and takes the answers until the engine closes its output.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(EngineRequest request, CancellationToken cancellationToken)
    {
        _exchange?.Attach(SendAsync);
        await SendAsync(request, cancellationToken).ConfigureAwait(false);
        using var demands = new DemandAnswers(grants, SendAsync, target, DemandsAtOnce, cancellationToken);
        while (await demands.OrFailed(engine.ReadLineAsync(demands.Token)).ConfigureAwait(false) is { } line)
        {
            Spoke = true;
            await TakeAsync(line, demands).ConfigureAwait(false);
        }

        int exitCode = await engine.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (exitCode is not (ExitDone or ExitFailed))
            await Task.Delay(CancellationOnItsWay, cancellationToken).ConfigureAwait(false);
        return exitCode;
    }

    /// <summary>Throws when the engine did not do what was asked.</summary>
    public async Task ConcludeAsync(int exitCode, CancellationToken cancellationToken)
    {
        if (_firstError is not null)
            throw new FleetException(_firstError);
        if (exitCode == ExitDone || (exitCode == ExitFailed && _errorHandled))
            return;
        string words = OutputTail.LastWords(await engine.DiagnosticsAsync(cancellationToken).ConfigureAwait(false));
        throw new FleetException("EngineFailed", target, $"The engine ended with exit code {exitCode} without saying what happened.{words}");
    }

    private async Task SendAsync<TMessage>(TMessage message, CancellationToken cancellationToken)
        where TMessage : class
    {
        try
        {
            await engine.WriteLineAsync(ProtocolJson.Serialize(message), cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The engine reads no more; why, it says on its output or by its exit code, which are read next.
        }
    }

    private async Task TakeAsync(string line, DemandAnswers demands)
    {
        switch (Read<EngineEvent>(line).Type)
        {
            case EngineEvent.ProgressType:
                observer?.OnProgress(Read<ProgressEvent>(line));
                break;
            case EngineEvent.LogType:
                observer?.OnLog(Read<LogEvent>(line));
                break;
            case EngineEvent.ResultType:
                onResult(Read<T>(line));
                break;
            case EngineEvent.ErrorType:
                TakeError(Read<ErrorEvent>(line));
                break;
            case EngineEvent.DemandType:
                await demands.AddAsync(Read<DemandEvent>(line)).ConfigureAwait(false);
                break;
            case EngineEvent.OfferType when _exchange is not null:
                _exchange.Take(Read<OfferEvent>(line));
                break;
            case EngineEvent.PieceType when _exchange is not null:
                _exchange.Take(Read<PieceEvent>(line));
                break;
            default:
                observer?.OnLog(new LogEvent { Level = LogEvent.Verbose, Message = $"{target}: the engine said what this version does not know: {ProtocolLine.Shorten(line)}" });
                break;
        }
    }

    private void TakeError(ErrorEvent error)
    {
        if (onError is not null)
        {
            _errorHandled = true;
            onError(error);
        }
        else if (_firstError is null)
        {
            _firstError = error;
        }
        else
        {
            // Only one can be thrown; the others are not lost.
            observer?.OnLog(new LogEvent { Level = LogEvent.Warning, Message = $"{error.Id}: {error.Message}" });
        }
    }

    private TEvent Read<TEvent>(string line)
        where TEvent : class => ProtocolLine.Read<TEvent>(line, target);
}
