using System;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>Makes virtual machines on hosts, and brings the image to a host that lacks it.</summary>
public sealed class VmCreation
{
    private readonly LocalEngine _engine;
    private readonly ImageSync? _sync;

    /// <summary>Prepares; nothing is started yet.</summary>
    /// <param name="engine">The engine here.</param>
    /// <param name="sync">Brings the image to hosts that lack it. Null: that is an error.</param>
    public VmCreation(LocalEngine engine, ImageSync? sync)
    {
        _engine = engine;
        _sync = sync;
    }

    /// <summary>Makes one machine on one host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="request">The machine.</param>
    /// <param name="observer">Hears what the host's engine says, of the sync too.</param>
    /// <param name="cancellationToken">Ends it; the host removes what was made.</param>
    /// <param name="slot">The host's place among those that work at the same time. Null: it has none.</param>
    /// <exception cref="FleetException">The host cannot be reached, lacks the image and cannot get it, or refuses the machine.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<VmResult> CreateAsync(HostAddress host, VmCreateRequest request, IEngineObserver? observer, CancellationToken cancellationToken, HostSlot? slot = null)
    {
        try
        {
            return await TryAsync(host, request, observer, slot, cancellationToken).ConfigureAwait(false);
        }
        catch (FleetException e) when (e.Error.Id == "ImageNotOnHost" && _sync is not null)
        {
            HostSyncResult synced = await _sync.SyncAsync(host, observer, cancellationToken, slot).ConfigureAwait(false);
            if (synced.Error is not null)
                throw new FleetException(synced.Error);
            return await TryAsync(host, request, observer, slot, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<VmResult> TryAsync(HostAddress host, VmCreateRequest request, IEngineObserver? observer, HostSlot? slot, CancellationToken cancellationToken)
    {
        VmResult? made = null;
        await new HostEngine(host, _engine, _sync?.SshPath, _sync?.Connections, slot).RunAsync<VmResult>(request, r => made = r, observer, _sync?.Grants, cancellationToken).ConfigureAwait(false);
        return made ?? throw new FleetException("EngineFailed", host.Name, "The engine on the host ended without a result.");
    }
}
