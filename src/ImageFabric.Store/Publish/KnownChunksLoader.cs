using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Publish;

/// <summary>Finds out what a store already holds, nearest relatives first: the image's own versions, newest first, then the others.
/// What is marked for deletion counts as absent. Store format, "Collecting".</summary>
internal sealed class KnownChunksLoader(IObjectStore store, ImageCatalog catalog, IndexCache indexes, ChunkingProfile profile, ObjectMarks marks, long budget)
{
    // A publish that was interrupted longer ago than this is not searched for: its packs are sent again.
    private static readonly TimeSpan OrphanAge = TimeSpan.FromDays(3);
    private const int MostOrphans = 4096;
    private const int ParallelReads = 8;

    private readonly KnownChunks known = new(budget);
    private readonly HashSet<string> indexedPacks = new(StringComparer.Ordinal);

    public async Task<KnownChunks> LoadAsync(string imageName, CancellationToken cancellationToken)
    {
        var packs = new Dictionary<string, StoredObject>(StringComparer.Ordinal);
        await foreach (StoredObject pack in store.ListAsync(ObjectKeys.PackPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (!marks.Contains(pack.Key))
                packs[pack.Key] = pack;
        }

        if (packs.Count == 0)
            return known;

        var seen = new HashSet<string>(StringComparer.Ordinal);

        // Damage of another image is no error of this publish: it only gives nothing to build on.
        IReadOnlyList<Manifest> images = await catalog.ListAsync(null, static _ => { }, cancellationToken).ConfigureAwait(false);
        known.HasRelatives = images.Any(m => m.Name == imageName);
        foreach (Manifest manifest in images.OrderByDescending(m => m.Name == imageName).ThenByDescending(m => m.Published))
        {
            if (known.Full)
                return known;
            if (seen.Add(manifest.Index))
                await AddIndexAsync(manifest, packs.ContainsKey, cancellationToken).ConfigureAwait(false);
        }

        await AddOrphansAsync(packs.Values, cancellationToken).ConfigureAwait(false);
        return known;
    }

    private async Task AddIndexAsync(Manifest manifest, Func<string, bool> packExists, CancellationToken cancellationToken)
    {
        try
        {
            await using Stream bytes = await indexes.OpenAsync(store, manifest, cancellationToken).ConfigureAwait(false);
            using var index = new IndexReader(bytes, manifest.IndexSize);
            if (index.Profile != profile)
                return;
            indexedPacks.UnionWith(index.Packs.Select(pack => ObjectKeys.Pack(pack)));
            known.AddIndex(index, packExists);
        }
        catch (StoreException damaged) when (DocumentDamage.IsOf(damaged))
        {
            return;
        }
        catch (FormatException)
        {
            return;
        }
    }

    private async Task AddOrphansAsync(IEnumerable<StoredObject> packs, CancellationToken cancellationToken)
    {
        DateTimeOffset oldest = DateTimeOffset.UtcNow - OrphanAge;
        StoredObject[] orphans = [.. packs
            .Where(p => !indexedPacks.Contains(p.Key) && p.LastModified > oldest && p.Length <= FormatLimits.LongestPack)
            .OrderByDescending(p => p.LastModified)
            .Take(MostOrphans)];
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(orphans, options, async (pack, stop) =>
        {
            if (ObjectKeys.PackDigest(pack.Key) is not { } digest || await PackFooter.TryReadAsync(store, pack.Key, pack.Length, stop).ConfigureAwait(false) is not { } footer)
                return;
            lock (known)
            {
                if (!known.Full)
                    known.AddPack(digest, footer);
            }
        }).ConfigureAwait(false);
    }
}
