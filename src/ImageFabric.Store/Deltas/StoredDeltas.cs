using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.Deltas;

/// <summary>The deltas of a store.</summary>
public static class StoredDeltas
{
    /// <summary>Those that lead to an image.</summary>
    /// <exception cref="StoreException">What the store gives.</exception>
    public static async Task<IReadOnlyList<PullDelta>> ListAsync(IObjectStore store, ImageId to, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var deltas = new List<PullDelta>();
        await foreach (StoredObject one in store.ListAsync(ObjectKeys.DeltasTo(to), cancellationToken).ConfigureAwait(false))
        {
            if (ObjectKeys.ImagesOfDelta(one.Key) is { } images && one.Length <= FormatLimits.LongestDelta + FormatLimits.LongestDeltaTable)
                deltas.Add(new PullDelta(images.From, one.Length));
        }

        return deltas;
    }

    /// <summary>The key of the delta that leads from one image to another; null when an id is none.</summary>
    public static string? KeyOf(string? from, string? to) => ImageId.TryParse(from, out ImageId first) && ImageId.TryParse(to, out ImageId second) ? ObjectKeys.Delta(first, second) : null;

    /// <summary>Copies those that lead to an image and that another store does not have.</summary>
    /// <returns>Bytes written, or to be written.</returns>
    /// <exception cref="StoreException">What the stores give; a delta that went away in the meantime is no error.</exception>
    internal static async Task<long> CopyAsync(IObjectStore source, IObjectStore destination, ImageId to, bool planOnly, CancellationToken cancellationToken)
    {
        long copied = 0;
        HashSet<ImageId> there = [.. (await ListAsync(destination, to, cancellationToken).ConfigureAwait(false)).Select(static d => d.From)];
        foreach (PullDelta delta in await ListAsync(source, to, cancellationToken).ConfigureAwait(false))
        {
            if (there.Contains(delta.From))
                continue;
            string key = ObjectKeys.Delta(delta.From, to);
            copied += delta.Length;
            if (planOnly)
                continue;
            try
            {
                using SpooledObject content = await SpooledObject.ReadAsync(source, key, delta.Length, cancellationToken).ConfigureAwait(false);
                await destination.PutSpooledAsync(key, content, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException gone) when (gone.Id == "ObjectMissing")
            {
                // Whoever needs what it held gets that without it.
                copied -= delta.Length;
            }
        }

        return copied;
    }
}
