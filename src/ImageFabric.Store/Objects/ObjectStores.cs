using ImageFabric.Store.Format;

namespace ImageFabric.Store.Objects;

/// <summary>Opens stores by their address, and finds out what they honour.</summary>
public static class ObjectStores
{
    /// <summary>Opens a store. An S3 store costs one round trip, by which bucket and credentials are known to be good; a directory none.</summary>
    /// <param name="location">Where it is.</param>
    /// <param name="create">Makes the directory or the bucket when it is missing.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <exception cref="StoreException"><c>StoreNotFound</c>, <c>StoreUnreachable</c>, <c>StoreAccessDenied</c>, <c>CredentialsNotFound</c>, <c>InvalidRequest</c> for an address that is none.</exception>
    public static async Task<IObjectStore> OpenAsync(ObjectStoreLocation location, bool create, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        if (location.BytesPerSecond < BandwidthLimit.Slowest)
            throw new StoreException("InvalidRequest", location.Uri, $"The bandwidth limit is {location.BytesPerSecond} bytes a second; it must be at least {BandwidthLimit.Slowest}.");
        if (S3Address.IsMeant(location.Uri))
            return await S3ObjectStore.OpenAsync(location, create, cancellationToken).ConfigureAwait(false);
        if (location.Uri.Length == 0 || location.Uri.Contains("://", StringComparison.Ordinal))
            throw new StoreException("InvalidRequest", location.Uri, "A store's address is a directory or s3://bucket[/prefix].");
        return await Task.Run(() => DirectoryObjectStore.Open(location.Uri, create, location.BytesPerSecond), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds out by trying whether <see cref="PutMode.CreateOnly"/> lets one writer win: creates an object under <c>tmp/</c> twice, and removes it.
    /// A store that does not is written by claims from then on, as long as it is open.</summary>
    /// <returns>False when the store took the second write as well, or has no such writes.</returns>
    /// <exception cref="StoreException">As for <see cref="IObjectStore.PutAsync"/>.</exception>
    public static async Task<bool> ProbeConditionalWritesAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        string key = ObjectKeys.NewTemporary("probe-");
        try
        {
            bool first = await store.PutAsync(key, "first"u8.ToArray(), PutMode.CreateOnly, cancellationToken).ConfigureAwait(false);
            bool second = await store.PutAsync(key, "second"u8.ToArray(), PutMode.CreateOnly, cancellationToken).ConfigureAwait(false);
            if (first && second && store is S3ObjectStore s3)
                s3.DistrustConditions();
            return first && !second && store.ConditionalWrites;
        }
        finally
        {
            await store.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        }
    }
}
