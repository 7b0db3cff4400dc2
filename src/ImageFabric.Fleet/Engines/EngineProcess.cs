using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>A program that talks in lines: an engine, or the ssh that leads to one. Never outlives <see cref="StopAsync"/>.</summary>
internal sealed class EngineProcess : IEngineChannel
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan WordsOnTheirWay = TimeSpan.FromSeconds(0.5);

    private readonly Process _process;
    private readonly OutputLines _output;
    private readonly OutputTail _errors;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private EngineProcess(Process process, string target)
    {
        _process = process;
        process.EnableRaisingEvents = true;
        process.Exited += OnExited;
        process.Start();
        _output = new OutputLines(process.StandardOutput.BaseStream, target);
        _errors = new OutputTail(process.StandardError.BaseStream);
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its file.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="target">What errors are about: the engine here, or the host.</param>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    public static EngineProcess Start(string program, IEnumerable<string> arguments, string target)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, CommandLine.Join(arguments))
            {
                UseShellExecute = false,
                CreateNoWindow = true,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        try
        {
            return new EngineProcess(process, target);
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>The next line of standard output; null after the last.</summary>
    public Task<string?> ReadLineAsync(CancellationToken cancellationToken) => _output.ReadAsync(cancellationToken);

    /// <summary>Writes one line to standard input.</summary>
    /// <exception cref="IOException">The program no longer reads.</exception>
    /// <exception cref="InvalidOperationException">It was stopped.</exception>
    public Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
        return WriteAsync(input => input.Write(bytes, 0, bytes.Length), cancellationToken);
    }

    /// <summary>Has <paramref name="write"/> write to standard input, on a thread that may block.</summary>
    /// <exception cref="IOException">The program no longer reads.</exception>
    /// <exception cref="InvalidOperationException">It was stopped.</exception>
    public async Task WriteAsync(Action<Stream> write, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        Task writing = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    // On .NET Framework a closed writer has no stream any more.
                    Stream input = _process.StandardInput.BaseStream ?? throw new InvalidOperationException("The program was stopped.");
                    write(input);
                    input.Flush();
                }
                finally
                {
                    _writing.Release();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await writing.OrCancelled(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What is kept of standard error so far.</summary>
    public string Diagnostics => _errors.Text;

    /// <summary>Waits for the end and gives the exit code.</summary>
    public Task<int> WaitForExitAsync(CancellationToken cancellationToken) => _exited.Task.OrCancelled(cancellationToken);

    /// <summary>The last lines of standard error as the end of a message: empty, or with a blank in front. Call it after the exit.</summary>
    public async Task<string> LastWordsAsync(CancellationToken cancellationToken) =>
        OutputTail.LastWords(await DiagnosticsAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>All that is kept of standard error. Call it after the exit: it waits a moment for words still on their way.</summary>
    public async Task<string> DiagnosticsAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAny(_errors.Ended, Task.Delay(WordsOnTheirWay, cancellationToken)).ConfigureAwait(false);
        return _errors.Text;
    }

    /// <summary>Ends the program: closes its standard input, waits at most 1.5 s, then kills it. Does nothing when it has ended.</summary>
    public async Task StopAsync()
    {
        Task deadline = Task.Delay(Grace);
        _output.Discard();

        // A writer that is stuck holds standard input open; then only the kill is left.
        _ = CloseInputAsync();
        await Task.WhenAny(_exited.Task, deadline).ConfigureAwait(false);
        await KillAsync().ConfigureAwait(false);
    }

    /// <summary>Ends a program at once that has nothing to clean up. Does nothing when it has ended.</summary>
    public async Task KillAsync()
    {
        _output.Discard();
        if (!_exited.Task.IsCompleted)
            Kill();
        await Task.WhenAny(_exited.Task, Task.Delay(Grace)).ConfigureAwait(false);
    }

    /// <summary>Frees what belongs to the program. Call <see cref="StopAsync"/> first.</summary>
    public void Dispose() => _process.Dispose();

    private void OnExited(object? sender, EventArgs e) => _exited.TrySetResult(_process.ExitCode);

    private async Task CloseInputAsync()
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            _process.StandardInput.Close();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The program has gone, which is what closing is for.
        }
        finally
        {
            // Who writes from now on must find the input closed, not wait for ever.
            _writing.Release();
        }
    }

    private void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It ended by itself in this very moment; Windows says "access denied" then.
        }
    }
}
