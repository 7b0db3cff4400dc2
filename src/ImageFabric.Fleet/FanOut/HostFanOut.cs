using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>The pulls of a fan-out. A host that has its image keeps serving the others until the sync has ended, or enough others do.</summary>
internal sealed class HostFanOut(IGrantSource grants, string? route, string[] peerNetworks, string? sshPath) : IDisposable
{
    // Each is an ssh process here; so many serve any number of hosts.
    private const int MostServing = 64;

    private readonly object _gate = new();
    private readonly FanOutSession _session = new(grants, route, peerNetworks);
    private readonly NetworkRange[] _networks = [.. peerNetworks.Select(static text => NetworkRange.TryParse(text, out NetworkRange? range) ? range! : throw new ArgumentException(text))];
    private readonly List<Serving> _serving = [];
    private bool _disposed;

    /// <summary>Brings an image to a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="engine">Its engine.</param>
    /// <param name="request">What to pull.</param>
    /// <param name="observer">Hears what the host's engine says.</param>
    /// <param name="ending">Ends the pull. Belongs to the fan-out when the host serves on, and to the caller otherwise.</param>
    /// <returns>What the engine said, and whether the host serves on.</returns>
    public async Task<(PullResult? Result, bool Serves)> PullAsync(
        HostAddress host, HostEngine engine, PullRequest request, IEngineObserver? observer, CancellationTokenSource ending)
    {
        request.FanOut = _session.Terms;
        var result = new TaskCompletionSource<PullResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        PeerAddresses addresses = await PeerAddresses.OfAsync(host, _networks, sshPath, ending.Token).ConfigureAwait(false);
        FanOutMember member = _session.Join(host.Name, addresses.Accepts, message => observer?.OnLog(new LogEvent { Level = LogEvent.Warning, Message = message }));
        Task pull = PullAsync(engine, request, r => result.TrySetResult(r), observer, member, ending.Token);
        if (await Task.WhenAny(pull, result.Task).ConfigureAwait(false) == pull)
        {
            await pull.ConfigureAwait(false);
            return (result.Task.IsCompleted ? await result.Task.ConfigureAwait(false) : null, false);
        }

        // From here on there is no hurry.
        ending.CancelAfter(Timeout.InfiniteTimeSpan);
        Keep(new Serving(pull, ending));
        return (await result.Task.ConfigureAwait(false), true);
    }

    /// <summary>Ends the hosts' serving, within about 1.5 s.</summary>
    public void Dispose()
    {
        Serving[] last;
        lock (_gate)
        {
            _disposed = true;
            last = [.. _serving];
            _serving.Clear();
        }

        foreach (Serving serving in last)
            serving.Ending.Cancel();
        Task.WhenAll(last.Select(static s => s.Ended)).GetAwaiter().GetResult();
        foreach (Serving serving in last)
            serving.Ending.Dispose();
        _session.Dispose();
    }

    private static async Task PullAsync(
        HostEngine engine, PullRequest request, Action<PullResult> onResult, IEngineObserver? observer, FanOutMember member, CancellationToken cancellationToken)
    {
        using (member)
            await engine.RunAsync(request, onResult, observer, member, cancellationToken).ConfigureAwait(false);
    }

    private void Keep(Serving serving)
    {
        Serving? spare = null;
        bool late;
        lock (_gate)
        {
            _serving.RemoveAll(static s => s.Ended.IsCompleted);
            late = _disposed;
            if (!late)
                _serving.Add(serving);
            if (_serving.Count > MostServing)
            {
                spare = _serving[0];
                _serving.RemoveAt(0);
            }
        }

        spare?.Ending.Cancel();
        if (late)
            serving.Ending.Cancel();
    }

    private sealed class Serving
    {
        public Serving(Task pull, CancellationTokenSource ending)
        {
            Ending = ending;
            Ended = EndAsync(pull);
        }

        public CancellationTokenSource Ending { get; }

        public Task Ended { get; }

        // A host that has its image and is lost after that is no failure of the sync.
        private async Task EndAsync(Task pull)
        {
            try
            {
                await pull.ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or FleetException)
            {
            }
        }
    }
}
