using System;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// The engine on one host: directly when it is this machine, by scripts where there is a way for them, otherwise through SSH, each request in a session
/// of its own.
/// </summary>
public sealed class HostEngine
{
    // The shell's words for "cannot execute" and "not found".
    private const int CannotExecute = 126;
    private const int NotFound = 127;

    private readonly HostAddress _address;
    private readonly LocalEngine _engine;
    private readonly string? _sshPath;
    private readonly SshConnections? _connections;
    private readonly HostSlot? _slot;
    private readonly StoreTunnel? _tunnel;

    /// <summary>The engine on a host.</summary>
    /// <param name="address">The host.</param>
    /// <param name="engine">The engine here, which is put on the host when it is not there.</param>
    /// <param name="sshPath">The OpenSSH client. Null: the one on PATH.</param>
    /// <param name="connections">Connections to share with other requests. Null: one of its own for each request.</param>
    /// <param name="slot">The host's place among those that work at the same time, which it yields while it does not answer. Null: it has none.</param>
    public HostEngine(HostAddress address, LocalEngine engine, string? sshPath = null, SshConnections? connections = null, HostSlot? slot = null)
    {
        _address = address;
        _engine = engine;
        _sshPath = sshPath;
        _connections = connections;
        _slot = slot;
    }

    internal HostEngine(HostAddress address, LocalEngine engine, string? sshPath, SshConnections? connections, HostSlot? slot, StoreTunnel? tunnel)
        : this(address, engine, sshPath, connections, slot) => _tunnel = tunnel;

    /// <summary>Has the host's engine do one operation.</summary>
    /// <typeparam name="T">The class of the operation's results.</typeparam>
    /// <param name="request">What to do.</param>
    /// <param name="onResult">Called for each result, on any thread.</param>
    /// <param name="observer">Hears progress and log lines.</param>
    /// <param name="grants">Answers the engine's demands, and gives a host without the engine its address in the store. Null where there is no store.</param>
    /// <param name="cancellationToken">Ends the engine there, and the connection within 1.5 s.</param>
    /// <exception cref="FleetException">The host cannot be reached, or its engine said an error or ended without saying why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. No process is left here.</exception>
    public Task RunAsync<T>(
        HostRequest request, Action<T> onResult, IEngineObserver? observer, IGrantSource? grants, CancellationToken cancellationToken)
        where T : EngineEvent => RunAsync(request, onResult, null, observer, grants, cancellationToken);

    /// <summary>The same for an operation on several items, of which each may fail for itself.</summary>
    /// <typeparam name="T">The class of the operation's results.</typeparam>
    /// <param name="request">What to do.</param>
    /// <param name="onResult">Called for each result, on any thread.</param>
    /// <param name="onError">Called for each error the engine says, on any thread; these are not thrown.</param>
    /// <param name="observer">Hears progress and log lines.</param>
    /// <param name="grants">Answers the engine's demands, and gives a host without the engine its address in the store. Null where there is no store.</param>
    /// <param name="cancellationToken">Ends the engine there, and the connection within 1.5 s.</param>
    /// <exception cref="FleetException">The host cannot be reached, or its engine ended without saying why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. No process is left here.</exception>
    public Task RunAsync<T>(
        HostRequest request,
        Action<T> onResult,
        Action<ErrorEvent>? onError,
        IEngineObserver? observer,
        IGrantSource? grants,
        CancellationToken cancellationToken)
        where T : EngineEvent =>
        _address.IsLocal
            ? _engine.RunAsync(request, onResult, onError, observer, grants, cancellationToken)
            : _address.Scripts is { } scripts
            ? RunScriptAsync(scripts, request, onResult, onError, observer, grants, cancellationToken)
            : RunRemoteAsync(request, onResult, onError, observer, grants, cancellationToken);

    private async Task RunScriptAsync<T>(
        IScriptHost scripts,
        HostRequest request,
        Action<T> onResult,
        Action<ErrorEvent>? onError,
        IEngineObserver? observer,
        IGrantSource? grants,
        CancellationToken cancellationToken)
        where T : EngineEvent
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_tunnel is not null)
            throw new FleetException("TunnelRefused", _address.Name, "A PSSession carries no connections to this machine; a tunnel needs SSH.");
        using IEngineChannel channel = await ScriptBootstrap.ConnectAsync(scripts, _address, _engine, observer, cancellationToken).ConfigureAwait(false);
        try
        {
            var conversation = new EngineConversation<T>(channel, _address.Name, onResult, onError, observer, grants);
            int exitCode = await conversation.RunAsync(request, cancellationToken).ConfigureAwait(false);
            await conversation.ConcludeAsync(exitCode, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await channel.StopAsync().ConfigureAwait(false);
        }
    }

    private async Task RunRemoteAsync<T>(
        HostRequest request,
        Action<T> onResult,
        Action<ErrorEvent>? onError,
        IEngineObserver? observer,
        IGrantSource? grants,
        CancellationToken cancellationToken)
        where T : EngineEvent
    {
        cancellationToken.ThrowIfCancellationRequested();
        using SshShare? share = _connections is null || _tunnel is not null ? null : await _connections.ShareAsync(_address, _slot, cancellationToken).ConfigureAwait(false);
        using EngineProcess ssh = await ConnectAsync(share?.ControlPath, grants, observer, cancellationToken).ConfigureAwait(false);
        try
        {
            if (_tunnel is not null && request is PullRequest pull)
                pull.StorePort = await StoreTunnel.PortAsync(ssh, _address, cancellationToken).ConfigureAwait(false);
            var conversation = new EngineConversation<T>(ssh, _address.Name, onResult, onError, observer, grants);
            int exitCode = await conversation.RunAsync(request, cancellationToken).ConfigureAwait(false);
            if (!conversation.ErrorSaid)
                await CheckExitAsync(ssh, exitCode, conversation.Spoke, cancellationToken).ConfigureAwait(false);
            await conversation.ConcludeAsync(exitCode, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await ssh.StopAsync().ConfigureAwait(false);
        }
    }

    // Only the host itself knows what shell it has: what answered last time is asked first.
    private async Task<EngineProcess> ConnectAsync(
        string? controlPath, IGrantSource? grants, IEngineObserver? observer, CancellationToken cancellationToken)
    {
        FleetException? refused = null;
        foreach (HostShell shell in HostShell.InOrderFor(_address))
        {
            if (shell.Upload(_engine) is not { } upload)
                continue;
            string digest = await upload.Digest.OrCancelled(cancellationToken).ConfigureAwait(false);
            EngineProcess ssh = SshClient.Start(_address, shell.Command(digest), _sshPath, controlPath, _tunnel);
            bool established = false;
            try
            {
                await HostBootstrap.EstablishAsync(ssh, _address, upload, _tunnel is null ? grants : null, observer, _slot, cancellationToken).ConfigureAwait(false);
                shell.RememberFor(_address);
                established = true;
                return ssh;
            }
            catch (FleetException e) when (HostShell.IsAnother(e))
            {
                refused ??= e;
            }
            finally
            {
                if (!established)
                {
                    await ssh.StopAsync().ConfigureAwait(false);
                    ssh.Dispose();
                }
            }
        }

        throw refused!;
    }

    private async Task CheckExitAsync(EngineProcess ssh, int exitCode, bool spoke, CancellationToken cancellationToken)
    {
        if (exitCode == SshFailure.ExitCode)
            throw SshFailure.InMidWork(_address, await ssh.DiagnosticsAsync(cancellationToken).ConfigureAwait(false));
        if (exitCode is CannotExecute or NotFound && !spoke)
        {
            string diagnostics = await ssh.DiagnosticsAsync(cancellationToken).ConfigureAwait(false);
            throw new FleetException("EngineInstallFailed", _address.Name, "The engine does not start on the host." + OutputTail.LastWords(diagnostics));
        }
    }
}
