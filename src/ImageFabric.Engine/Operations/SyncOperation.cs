using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Operations;

/// <summary>What <c>imagefabric sync</c> is asked for.</summary>
internal sealed record SyncRequest(StoreReference? Store, string Image, IReadOnlyList<HostAddress> Hosts, ImageSyncOptions Options);

/// <summary>Brings an image to hosts, several at a time; each result is written as its host finishes.</summary>
internal static class SyncOperation
{
    public static async Task RunAsync(SyncRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        using var sync = new ImageSync(OwnEngine.Open(), request.Store, request.Image, request.Options);
        await sync.ResolveAsync(cancellationToken).ConfigureAwait(false);
        var total = new FleetProgress(output, $"Syncing {request.Image}");
        await Task.WhenAll(request.Hosts.Select(host => SyncAsync(sync, host, total, output, cancellationToken))).ConfigureAwait(false);
    }

    private static async Task SyncAsync(ImageSync sync, HostAddress host, FleetProgress total, IEventOutput output, CancellationToken cancellationToken)
    {
        HostSyncResult result = await sync.SyncAsync(host, total.ForHost(), cancellationToken).ConfigureAwait(false);
        output.Result(new SyncResult
        {
            Host = result.Host,
            Image = result.Image,
            ImageId = result.ImageId,
            Status = result.Status,
            BytesFetched = result.BytesFetched,
            BytesFromHosts = result.BytesFromHosts,
            BytesReused = result.BytesReused,
            Path = result.Path,
            DurationSeconds = result.Duration.TotalSeconds,
        });
        if (result.Error is not null)
            output.Error(OfHost(result.Host, result.Error));
    }

    // A host speaks of its own files and of the store; here it matters which of the hosts it was.
    private static ErrorEvent OfHost(string host, ErrorEvent error) => new()
    {
        Id = error.Id,
        Category = error.Category,
        Message = $"{host}: {error.Message}",
        Target = host,
        RecommendedAction = error.RecommendedAction,
    };
}
