using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Collect;

/// <summary>What time it is by the clock that writes the times of a store's objects. No other clock is compared with them.</summary>
internal static class StoreClock
{
    /// <summary>Writes an object, sees its time, and removes it.</summary>
    /// <returns>A time that is not later than now.</returns>
    public static async Task<DateTimeOffset> ReadAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        string key = ObjectKeys.NewTemporary("clock-");
        try
        {
            await store.PutAsync(key, "now"u8.ToArray(), PutMode.Replace, cancellationToken).ConfigureAwait(false);
            return await store.StatAsync(key, cancellationToken).ConfigureAwait(false) is { } written
                ? written.LastModified
                : throw new StoreException("ObjectMissing", key, $"{store.Location} does not have the object that was written just now.");
        }
        finally
        {
            // Also when the work is being cancelled.
            await store.DeleteAsync(key, CancellationToken.None).ConfigureAwait(false);
        }
    }
}
