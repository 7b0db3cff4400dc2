using System.Collections.Concurrent;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Copy;

/// <summary>The packs that a destination has, but for those that it has marked for deletion. Used from many threads at once.</summary>
internal sealed class DestinationPacks
{
    private readonly ConcurrentDictionary<string, long> lengths = new(StringComparer.Ordinal);
    private readonly ObjectMarks marks;

    private DestinationPacks(ObjectMarks marks) => this.marks = marks;

    public static async Task<DestinationPacks> ListAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        var packs = new DestinationPacks(await ObjectMarks.ListAsync(store, cancellationToken).ConfigureAwait(false));
        await foreach (StoredObject pack in store.ListAsync(ObjectKeys.PackPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (!packs.IsMarked(pack.Key))
                packs.Add(pack.Key, pack.Length);
        }

        return packs;
    }

    public bool IsMarked(string key) => marks.Contains(key);

    public void Add(string key, long length) => lengths[key] = length;

    /// <summary>The numbers of an image's packs that are not there, and the bytes of those that are. A pack that ends before the last frame that is wanted of it is as good as none.</summary>
    public (List<int> Missing, long BytesPresent) Lacks(ImageIndex index)
    {
        var missing = new List<int>();
        long bytes = 0;
        int[] ends = index.PackEnds();
        for (int p = 0; p < ends.Length; p++)
        {
            if (lengths.TryGetValue(index.PackKey(p), out long length) && length >= ends[p] + PackFooter.TrailerLength)
                bytes += length;
            else
                missing.Add(p);
        }

        return (missing, bytes);
    }
}
