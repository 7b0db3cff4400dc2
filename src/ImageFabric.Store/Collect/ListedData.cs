using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Collect;

/// <summary>
/// Compares what a listing had with what the images lead to. A listing without a pack that an image needs was not whole, or the store is damaged; either
/// way nobody knows what else is missing in it, and nothing may be deleted by it.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="listed">What the listing had.</param>
/// <param name="begun">When the listing began, by the store's clock: what is younger need not be in it. Null: nobody knows.</param>
internal sealed class ListedData(IObjectStore store, IReadOnlyDictionary<string, StoredObject> listed, DateTimeOffset? begun)
{
    private const int ParallelLooks = 16;

    /// <summary>An object's own answer tells its time in whole seconds.</summary>
    private static readonly TimeSpan TimeStep = TimeSpan.FromSeconds(1);

    /// <summary>Makes sure that everything that images lead to was listed, or came later.</summary>
    /// <exception cref="StoreException"><c>CollectionUnsafe</c>.</exception>
    public Task RequireAsync(Reachability reached, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        reached.Keys.Where(key => !listed.ContainsKey(key)),
        new ParallelOptions { MaxDegreeOfParallelism = ParallelLooks, CancellationToken = cancellationToken },
        async (key, stop) =>
        {
            StoredObject? there = await store.StatAsync(key, stop).ConfigureAwait(false);
            if (there is not null && (begun is null || there.LastModified >= begun - TimeStep))
                return;
            string image = reached.ImageThatNeeds(key);
            string why = there is null ? $"{key}, which it needs, is not in the store" : $"a listing of the store left out {key}, which it needs, and perhaps more";
            throw new StoreException("CollectionUnsafe", image, $"Nothing was deleted, since nobody knows what {image} needs: {why}.");
        });
}
