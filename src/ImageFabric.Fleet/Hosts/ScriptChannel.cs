using System;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>The lines to and from an engine that a script runs on a host. The script's own words have a mark; all other lines are the engine's.</summary>
internal sealed class ScriptChannel(IScriptPipe pipe, HostAddress host) : IEngineChannel
{
    private const string Mark = "IMAGEFABRIC ";
    private const string Exit = "EXIT ";

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1.5);

    private string? _exit;
    private bool _ended;

    /// <summary>The next word of the script itself.</summary>
    /// <exception cref="FleetException"><c>HostUnreachable</c>: there comes none.</exception>
    public async Task<string> HearAsync(CancellationToken cancellationToken)
    {
        while (await pipe.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith(Mark, StringComparison.Ordinal))
                return line.Substring(Mark.Length);
        }

        _ended = true;
        throw new FleetException("HostUnreachable", host.Name, "The session ended before the engine was started.");
    }

    /// <summary>Sends what is not a line of the protocol.</summary>
    public void Send(object item) => pipe.Send(item);

    /// <inheritdoc/>
    public async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        if (_ended)
            return null;
        string? line = await pipe.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (line is null || line.StartsWith(Mark, StringComparison.Ordinal))
        {
            _ended = true;
            _exit = line?.Substring(Mark.Length);
            pipe.CompleteInput();
            return null;
        }

        return line.Length <= ProtocolJson.MaximumLineLength
            ? line
            : throw new FleetException("EngineFailed", host.Name, $"A line of the engine's output is longer than {ProtocolJson.MaximumLineLength} characters.");
    }

    /// <inheritdoc/>
    public Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        if (_ended)
            throw new IOException("The engine has ended.");
        pipe.Send(line);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<int> WaitForExitAsync(CancellationToken cancellationToken)
    {
        string[] words = (_exit ?? "").Split([' '], 3);
        return words[0] + " " == Exit && words.Length > 1 && int.TryParse(words[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int code)
            ? Task.FromResult(code)
            : throw new FleetException("HostUnreachable", host.Name, $"The session was lost while the engine worked. {_exit}".TrimEnd());
    }

    /// <inheritdoc/>
    public Task<string> DiagnosticsAsync(CancellationToken cancellationToken)
    {
        string[] words = (_exit ?? "").Split([' '], 3);
        return Task.FromResult(words.Length > 2 ? words[2] : "");
    }

    /// <inheritdoc/>
    public async Task StopAsync()
    {
        // The end of its input has the engine clean up; what does not end by itself is broken off.
        pipe.CompleteInput();
        using var patience = new CancellationTokenSource(Grace);
        try
        {
            while (await pipe.ReadLineAsync(patience.Token).ConfigureAwait(false) is not null)
            {
            }
        }
        catch (OperationCanceledException)
        {
            await pipe.StopAsync().ConfigureAwait(false);
        }
        catch (FleetException)
        {
            // The session is lost, and whoever waits for the engine is told so.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => pipe.Dispose();
}
