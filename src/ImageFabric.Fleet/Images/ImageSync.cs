using System;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// Brings one image to many hosts. One engine here resolves the image and presigns its objects for all of them; the data goes from the
/// store to the hosts and never through this machine. Safe to use from many threads.
/// </summary>
public sealed class ImageSync : IDisposable
{
    private readonly LocalEngine _engine;
    private readonly ImageSyncOptions _options;
    private readonly TrustSettings? _trust;
    private readonly GrantEngine _grants;
    private readonly HostSlots _slots;
    private readonly HostFanOut? _fanOut;
    private readonly CachedGrants? _addresses;
    private readonly StoreTunnel? _tunnel;

    /// <summary>Prepares; nothing is started yet.</summary>
    /// <param name="engine">The engine here.</param>
    /// <param name="store">The store. Null: the user's own directory store.</param>
    /// <param name="image"><c>NAME[:VERSION]</c>; without a version, or with <c>latest</c>, the newest.</param>
    /// <param name="options">How.</param>
    /// <exception cref="FleetException"><c>InvalidRequest</c>: the options contradict themselves.</exception>
    public ImageSync(LocalEngine engine, StoreReference? store, string image, ImageSyncOptions options)
        : this(engine, store, image, options, null)
    {
    }

    internal ImageSync(LocalEngine engine, StoreReference? store, string image, ImageSyncOptions options, string? sshPath)
    {
        if (options.Throttle < 1)
            throw new FleetException("InvalidRequest", image, $"A throttle of {options.Throttle} lets no host work.");
        if (options.Timeout is { } timeout && (timeout <= TimeSpan.Zero || timeout.TotalMilliseconds > int.MaxValue))
            throw new FleetException("InvalidRequest", image, $"{timeout} is not a time that a host can be given.");
        if (options.PeerNetworks.FirstOrDefault(static text => !NetworkRange.TryParse(text, out _)) is { } wrong)
            throw new FleetException("InvalidRequest", wrong, $"'{wrong}' is no network: it is written in CIDR notation, such as 10.1.0.0/16.");
        if (options.PeerNetworks.Length > 0 && !options.FanOut)
            throw new FleetException("InvalidRequest", image, "Networks of hosts among themselves are for a fan-out.");
        _engine = engine;
        _options = options;
        _trust = store?.Trust;
        _grants = new GrantEngine(engine, new GrantRequest { Store = store, Image = image, HostEngine = engine.UploadPath, WindowsHostEngine = engine.WindowsUpload?.Path });
        _slots = new HostSlots(options.Throttle);
        if (!string.IsNullOrEmpty(options.CacheEndpoint))
            _addresses = new CachedGrants(_grants, options.CacheEndpoint!, image);
        string? endpoint = string.IsNullOrEmpty(options.CacheEndpoint) ? StoreAddress.ForHosts(store) : options.CacheEndpoint;
        if (options.Tunnel)
            _tunnel = StoreTunnel.To(endpoint, image);
        if (options.FanOut)
            _fanOut = new HostFanOut(Grants, options.Tunnel ? null : endpoint, options.PeerNetworks, sshPath);
        SshPath = sshPath;
    }

    internal string? SshPath { get; }

    /// <summary>Presigns the store's objects.</summary>
    internal IGrantSource Grants => _addresses ?? (IGrantSource)_grants;

    /// <summary>The connections it shares with others.</summary>
    internal SshConnections? Connections => _options.Connections;

    /// <summary>What the store says about the image; asked once.</summary>
    /// <exception cref="FleetException">The store or the image is not usable.</exception>
    public Task<ImageResult> ResolveAsync(CancellationToken cancellationToken) => _grants.ResolveAsync(cancellationToken);

    /// <summary>Brings the image to one host, as soon as the throttle allows.</summary>
    /// <param name="host">The host.</param>
    /// <param name="observer">Hears what the host's engine says.</param>
    /// <param name="cancellationToken">Ends it; what the host already has is kept for the next time.</param>
    /// <param name="slot">The host's place, when the caller holds hosts back. Null: the throttle of this sync does.</param>
    /// <returns>What it came to. That the host failed is in the result, not thrown.</returns>
    /// <exception cref="FleetException">The store or the image is not usable, so no host can succeed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<HostSyncResult> SyncAsync(HostAddress host, IEngineObserver? observer, CancellationToken cancellationToken, HostSlot? slot = null)
    {
        ImageResult image = await ResolveAsync(cancellationToken).ConfigureAwait(false);
        if (slot is not null)
            return await PullAsync(host, image, slot, observer, cancellationToken).ConfigureAwait(false);
        using HostSlot own = await _slots.TakeAsync(cancellationToken).ConfigureAwait(false);
        return await PullAsync(host, image, own, observer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the engine that grants, within 1.5 s.</summary>
    public void Dispose()
    {
        _fanOut?.Dispose();
        _grants.Dispose();
    }

    private async Task<HostSyncResult> PullAsync(HostAddress host, ImageResult image, HostSlot slot, IEngineObserver? observer, CancellationToken cancellationToken)
    {
        var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bool serves = false;
        if (_options.Timeout is { } timeout)
            slot.Limit(ending, timeout);
        var clock = Stopwatch.StartNew();
        try
        {
            var request = new PullRequest { Image = image, Trust = _trust, Format = _options.Format, ImageDirectory = _options.ImageDirectory, BandwidthLimit = _options.BandwidthLimit };
            var engine = new HostEngine(host, _engine, SshPath, _options.Connections, slot, _tunnel);
            if (_fanOut is null)
            {
                PullResult? pulled = null;
                await engine.RunAsync<PullResult>(request, r => pulled = r, observer, Grants, ending.Token).ConfigureAwait(false);
                return Done(host, image, pulled, clock.Elapsed);
            }

            (PullResult? result, serves) = await _fanOut.PullAsync(host, engine, request, observer, ending).ConfigureAwait(false);
            return Done(host, image, result, clock.Elapsed);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && ending.IsCancellationRequested)
        {
            return Failed(host, image, new FleetException("HostTimeout", host.Name, $"The host did not finish within {_options.Timeout}."), clock.Elapsed);
        }
        catch (FleetException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Failed(host, image, e, clock.Elapsed);
        }
        finally
        {
            if (!serves)
                ending.Dispose();
        }
    }

    private static HostSyncResult Done(HostAddress host, ImageResult image, PullResult? pulled, TimeSpan duration)
    {
        if (pulled is null)
            throw new FleetException("EngineFailed", host.Name, "The engine on the host ended without a result.");
        return new HostSyncResult(host, image, duration)
        {
            Status = pulled.Status,
            BytesFetched = pulled.BytesFetched,
            BytesFromHosts = pulled.BytesFromHosts,
            BytesReused = pulled.BytesReused,
            Path = pulled.Path,
            Format = pulled.Format,
        };
    }

    private static HostSyncResult Failed(HostAddress host, ImageResult image, FleetException failure, TimeSpan duration) =>
        new(host, image, duration) { Error = failure.Error };
}
