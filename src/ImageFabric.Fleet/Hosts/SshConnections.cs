using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>
/// SSH connections that several requests to one host share, so that the host is logged in to once. The first request to a host has a connection of
/// its own; when another comes, an <c>ssh -M</c> is started for it and those that follow. Windows' OpenSSH cannot do that: there each request connects
/// for itself. Safe to use from many threads.
/// </summary>
public sealed class SshConnections : IDisposable
{
    // sshd allows ten sessions on a connection unless it is told otherwise.
    private const int SessionsAtOnce = 8;

    private readonly object _gate = new();
    private readonly Dictionary<string, Entry> _hosts = new();
    private readonly CancellationTokenSource _disposing = new();
    private readonly string? _sshPath;
    private SocketDirectory? _directory;

    /// <summary>Prepares; nothing is started yet.</summary>
    /// <param name="sshPath">The OpenSSH client. Null: the one on PATH.</param>
    public SshConnections(string? sshPath = null) => _sshPath = sshPath;

    /// <summary>Ends the connections. Requests that still use them fail.</summary>
    public void Dispose()
    {
        Task[] masters;
        lock (_gate)
        {
            if (_disposing.IsCancellationRequested)
                return;
            _disposing.Cancel();
            masters = [.. _hosts.Values.Select(static entry => entry.Master).OfType<Task<SshMaster?>>().Select(EndAsync)];
        }

        Task.WhenAll(masters).GetAwaiter().GetResult();
        _directory?.Dispose();
    }

    /// <summary>A share of a connection to the host for one request, or none when the request is to connect for itself.</summary>
    internal async Task<SshShare> ShareAsync(HostAddress host, HostSlot? slot, CancellationToken cancellationToken)
    {
        if (!CanShare(host))
            return new SshShare(null, null);
        Entry entry = EntryOf(host);
        bool first = Interlocked.Increment(ref entry.Requests) == 1;
        if (first || Interlocked.Increment(ref entry.Sessions) > SessionsAtOnce)
        {
            if (!first)
                Interlocked.Decrement(ref entry.Sessions);
            return new SshShare(null, null);
        }

        var share = new SshShare(null, () => Interlocked.Decrement(ref entry.Sessions));
        try
        {
            Task<SshMaster?> connected = MasterAsync(entry, host).OrCancelled(cancellationToken);
            SshMaster? master = await (slot?.AwaitAsync(connected, cancellationToken) ?? connected).ConfigureAwait(false);
            share.ControlPath = master?.IsAlive == true ? master.ControlPath : null;
            return share;
        }
        catch
        {
            share.Dispose();
            throw;
        }
    }

    // The user's own masters are the user's business.
    private static bool CanShare(HostAddress host) =>
        !RuntimeInformation.IsOSPlatform(OSPlatform.Windows)
        && !host.Options.Keys.Any(static o => o.StartsWith("Control", StringComparison.OrdinalIgnoreCase));

    private Entry EntryOf(HostAddress host)
    {
        string key = string.Join("\n", [host.ToString(), host.KeyFilePath ?? "", .. host.Options.Select(static o => $"{o.Key}={o.Value}")]);
        lock (_gate)
        {
            if (!_hosts.TryGetValue(key, out Entry? entry))
                _hosts[key] = entry = new Entry();
            return entry;
        }
    }

    private Task<SshMaster?> MasterAsync(Entry entry, HostAddress host)
    {
        lock (_gate)
        {
            if (_disposing.IsCancellationRequested)
                throw new ObjectDisposedException(nameof(SshConnections));
            _directory ??= SocketDirectory.Make();
            return entry.Master ??= SshMaster.StartAsync(host, _directory.NextPath(), _sshPath, _disposing.Token);
        }
    }

    private static async Task EndAsync(Task<SshMaster?> starting)
    {
        try
        {
            if (await starting.ConfigureAwait(false) is { } master)
                await master.StopAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It was still on its way, and has ended itself.
        }
    }

    private sealed class Entry
    {
        public int Requests;
        public int Sessions;

        public Task<SshMaster?>? Master { get; set; }
    }
}

/// <summary>One request's share of a connection.</summary>
internal sealed class SshShare(string? controlPath, Action? release) : IDisposable
{
    private Action? _release = release;

    /// <summary>The socket of the connection. Null: the request connects for itself.</summary>
    public string? ControlPath { get; set; } = controlPath;

    /// <summary>Gives it back.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
