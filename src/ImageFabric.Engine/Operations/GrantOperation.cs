using System.Runtime.Serialization;
using ImageFabric.Engine.Output;
using ImageFabric.Engine.Serve;
using ImageFabric.Protocol;
using ImageFabric.Store.Catalog;
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
        output.Result(Images.Describe(await new ImageCatalog(store).ResolveAsync(Images.Parse(request.Image), cancellationToken).ConfigureAwait(false)));
        await foreach (string line in input.ReadLinesAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                output.Write(Answer(ProtocolJson.Deserialize<DemandEvent>(line), store, TimeSpan.FromSeconds(seconds)));
            }
            catch (Exception refused) when (refused is OperationException or SerializationException)
            {
                // One host's bad demand is no reason to leave the others without an answer.
                output.Error(Faults.Describe(refused));
            }
        }
    }

    // Only what a pull reads: an engine on a host cannot have any other object of the bucket presigned.
    private static GrantEvent Answer(DemandEvent demand, IObjectStore store, TimeSpan lifetime)
    {
        if (demand.Objects.Length > MostObjects)
            throw new OperationException("InvalidRequest", null, $"A demand of {demand.Objects.Length} objects is more than {MostObjects}.");
        foreach (string key in demand.Objects)
        {
            if (!key.StartsWith("packs/", StringComparison.Ordinal) && !key.StartsWith("indexes/", StringComparison.Ordinal))
                throw new OperationException("InvalidRequest", key, $"A host has no need of the object {key}.");
        }

        return new GrantEvent { Objects = [.. demand.Objects.Select(key => new GrantedObject { Key = key, Url = store.Grant(key, lifetime).AbsoluteUri })] };
    }
}
