using System.Runtime.Serialization;
using ImageFabric.Engine.Output;
using ImageFabric.Engine.Serve;
using ImageFabric.Protocol;
using ImageFabric.Store;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Operations;

/// <summary>Presigns the objects of a store for hosts, which never see its credentials, until standard input ends.</summary>
internal static class GrantOperation
{
    private const int MostObjects = 1000;

    public static async Task RunAsync(GrantRequest request, RequestInput input, JsonLinesOutput output, CancellationToken cancellationToken)
    {
        int seconds = request.LifetimeSeconds ?? 3600;
        if (seconds is < 60 or > 604800)
            throw new OperationException("InvalidRequest", null, $"A lifetime of {seconds} s is not within 60 to 604800.");
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        Manifest manifest = await new ImageCatalog(store).ResolveAsync(Images.Parse(request.Image), cancellationToken).ConfigureAwait(false);
        ImageResult image = Images.Describe(manifest);
        image.Deltas = await Images.DeltasAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        output.Result(image);
        var objects = new ImageObjects(store, manifest, image.Deltas ?? []);
        var engine = new StoredEngine(store, request.HostEngine, request.WindowsHostEngine);
        await foreach (string line in input.ReadLinesAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                DemandEvent demand = ProtocolJson.Deserialize<DemandEvent>(line);
                await CheckAsync(demand, engine, objects, cancellationToken).ConfigureAwait(false);
                output.Write(Answer(demand, store, TimeSpan.FromSeconds(seconds)));
            }
            catch (Exception refused) when (refused is OperationException or StoreException or SerializationException)
            {
                // One host's bad demand is no reason to leave the others without an answer.
                output.Error(Faults.Describe(refused));
            }
        }
    }

    // Only what a pull of this image reads: an engine on a host cannot have any other object of the bucket presigned.
    private static async Task CheckAsync(DemandEvent demand, StoredEngine engine, ImageObjects objects, CancellationToken cancellationToken)
    {
        if (demand.Objects is null)
            throw new OperationException("InvalidRequest", null, "A demand names no objects.");
        if (demand.Objects.Length > MostObjects)
            throw new OperationException("InvalidRequest", null, $"A demand of {demand.Objects.Length} objects is more than {MostObjects}.");
        foreach (string key in demand.Objects)
        {
            if (key is not null && engine.Is(key))
                await engine.EnsureAsync(key, cancellationToken).ConfigureAwait(false);
            else if (key is null || !await objects.ContainAsync(key, cancellationToken).ConfigureAwait(false))
                throw new OperationException("InvalidRequest", key, $"A host has no need of the object {key}.");
        }
    }

    private static GrantEvent Answer(DemandEvent demand, IObjectStore store, TimeSpan lifetime) =>
        new() { Objects = [.. demand.Objects!.Select(key => new GrantedObject { Key = key, Url = store.Grant(key, lifetime).AbsoluteUri })] };
}
