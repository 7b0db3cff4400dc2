using System;
using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using AutomationShell = System.Management.Automation.PowerShell;

namespace ImageFabric.PowerShell;

/// <summary>A script that runs in a PSSession: what it gives out is read line by line, what it takes is sent while it runs.</summary>
internal sealed class SessionPipe : IScriptPipe
{
    private readonly string _host;
    private readonly AutomationShell _shell = AutomationShell.Create();
    private readonly PSDataCollection<object> _input = [];
    private readonly PSDataCollection<PSObject> _output = [];
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _waiting = new(0);
    private readonly TaskCompletionSource<bool> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action _free;
    private int _disposed;

    /// <summary>Starts the script.</summary>
    /// <param name="session">Where; it is free.</param>
    /// <param name="script">The script.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="free">Called once, when the session can take another script.</param>
    /// <exception cref="FleetException"><c>HostUnreachable</c>: the session is busy with something else, or closed.</exception>
    public SessionPipe(PSSession session, string script, string[] arguments, Action free)
    {
        _host = session.ComputerName;
        _free = free;
        _shell.Runspace = session.Runspace;
        _shell.AddScript(script);
        foreach (string argument in arguments)
            _shell.AddArgument(argument);
        _output.DataAdded += (_, _) => TakeOutput();
        _shell.InvocationStateChanged += (_, change) => TakeState(change.InvocationStateInfo.State);
        try
        {
            _shell.BeginInvoke(_input, _output);
        }
        catch (Exception e) when (e is InvalidRunspaceStateException or PSInvalidOperationException)
        {
            _shell.Dispose();
            throw new FleetException("HostUnreachable", _host, $"The session '{session.Name}' to {_host} cannot be used: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        await _waiting.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_lines.TryDequeue(out string? line))
            return line;

        // The end stays the end, however often it is asked for.
        _waiting.Release();
        return _shell.InvocationStateInfo.State == PSInvocationState.Failed
            ? throw new FleetException("HostUnreachable", _host, $"The session to {_host} failed: {_shell.InvocationStateInfo.Reason?.Message}", _shell.InvocationStateInfo.Reason)
            : null;
    }

    /// <inheritdoc/>
    public void Send(object item)
    {
        if (!_input.IsOpen)
            return;
        try
        {
            _input.Add(item);
        }
        catch (PSInvalidOperationException)
        {
            // It was closed in this very moment; the engine's end is read from its output.
        }
    }

    /// <inheritdoc/>
    public void CompleteInput() => _input.Complete();

    /// <inheritdoc/>
    public async Task StopAsync()
    {
        _input.Complete();
        _ = Task.Run(_shell.Stop);
        await Task.WhenAny(_ended.Task, Task.Delay(TimeSpan.FromSeconds(1.5))).ConfigureAwait(false);
    }

    /// <summary>Lets the session go when the script has ended, which its input's end has it do.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _input.Complete();
        _ended.Task.ContinueWith(
            _ =>
            {
                _shell.Dispose();
                _free();
            },
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
    }

    private void TakeOutput()
    {
        foreach (PSObject item in _output.ReadAll())
        {
            _lines.Enqueue(item?.ToString() ?? "");
            _waiting.Release();
        }
    }

    private void TakeState(PSInvocationState state)
    {
        if (state is not (PSInvocationState.Completed or PSInvocationState.Failed or PSInvocationState.Stopped))
            return;
        TakeOutput();
        _waiting.Release();
        _ended.TrySetResult(true);
    }
}
