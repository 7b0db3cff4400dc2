using ImageFabric.Protocol;
using ImageFabric.Store;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Operations;

/// <summary>Opens the store a request names.</summary>
internal static class Stores
{
    /// <summary>The user's own directory store, which is used when none is named: <c>$XDG_DATA_HOME/imagefabric/store</c>.</summary>
    public static string DefaultDirectory => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "imagefabric", "store");

    /// <summary>Where a store is, for the libraries.</summary>
    public static ObjectStoreLocation Location(StoreReference? reference) => new()
    {
        Uri = string.IsNullOrEmpty(reference?.Uri) ? DefaultDirectory : reference.Uri,
        Endpoint = reference?.Endpoint,
        Region = reference?.Region,
        Profile = reference?.Profile,
        AccessKey = reference?.AccessKey,
        SecretKey = reference?.SecretKey,
    };

    /// <summary>Opens a store to publish into; it becomes one when it is not yet.</summary>
    /// <param name="reference">Where it is.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <param name="bytesPerSecond">The most bytes that may move to and from it in a second. Null: as many as go.</param>
    public static Task<IObjectStore> OpenForWritingAsync(StoreReference? reference, CancellationToken cancellationToken, long? bytesPerSecond = null) =>
        ObjectStores.OpenAsync(Location(reference) with { BytesPerSecond = bytesPerSecond }, create: true, cancellationToken);

    /// <summary>Opens a store that takes what is written without keeping it, to say what a write would do. It need not exist yet, and is not made.</summary>
    public static async Task<IObjectStore> OpenForPlanningAsync(StoreReference? reference, CancellationToken cancellationToken)
    {
        ObjectStoreLocation location = Location(reference);
        IObjectStore? store = null;
        try
        {
            store = await ObjectStores.OpenAsync(location, create: false, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException missing) when (missing.Id == "StoreNotFound")
        {
            // It would be made.
        }

        return new UnwrittenObjectStore(store, store?.Location ?? location.Uri);
    }

    /// <summary>Opens a store to read from. The user's own directory store may be empty; any other must be one already.</summary>
    public static async Task<IObjectStore> OpenForReadingAsync(StoreReference? reference, CancellationToken cancellationToken, long? bytesPerSecond = null)
    {
        bool own = string.IsNullOrEmpty(reference?.Uri);
        IObjectStore store = await ObjectStores.OpenAsync(Location(reference) with { BytesPerSecond = bytesPerSecond }, create: own, cancellationToken).ConfigureAwait(false);
        try
        {
            if (!own)
                await RepositoryDescription.OpenAsync(store, cancellationToken).ConfigureAwait(false);
            return store;
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
