using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Verify;

/// <summary>An object of a store that is not what it should be.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Id">Stable id: <c>PackCorrupt</c>, <c>IndexCorrupt</c>, <c>ManifestCorrupt</c> or <c>ObjectMissing</c>.</param>
/// <param name="Message">What is wrong, in one sentence.</param>
public sealed record ObjectDamage(string Key, string Id, string Message);

/// <summary>What reading everything of an image came to.</summary>
/// <param name="ChunksVerified">Chunks of the disk whose content was found good.</param>
/// <param name="PacksVerified">Packs that were found good.</param>
/// <param name="BytesFetched">Bytes read from the store for this image; a pack that was read for another image is not read again.</param>
/// <param name="Damaged">What is wrong; empty when the image is whole.</param>
public sealed record ImageVerification(long ChunksVerified, int PacksVerified, long BytesFetched, IReadOnlyList<ObjectDamage> Damaged);

/// <summary>
/// Reads everything that images of a store need, each pack once, whole, and checks it: the digest in its name, every chunk in it, and that the index
/// finds its chunks where it says.
/// </summary>
public sealed class StoreVerifier
{
    private const int ParallelPacks = 3;

    private readonly IObjectStore store;
    private readonly PackInspector packs;
    private readonly HashSet<string> named = new(StringComparer.Ordinal);

    /// <summary>Makes one; it remembers what it has read.</summary>
    public StoreVerifier(IObjectStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        this.store = store;
        packs = new PackInspector(store);
    }

    /// <summary>Checks an image.</summary>
    /// <exception cref="StoreException">What the store gives when it cannot be read at all; damage is in the result.</exception>
    public async Task<ImageVerification> VerifyAsync(Manifest manifest, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        long before = packs.BytesRead;
        ImageIndex index;
        try
        {
            index = await ImageCatalog.ReadIndexAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException damage) when (DocumentDamage.IsOf(damage))
        {
            return new ImageVerification(0, 0, 0, [new ObjectDamage(damage.Target, damage.Id, damage.Message)]);
        }

        var wanted = new ChunksByPack(index);
        var damaged = new ObjectDamage?[index.PackCount];
        long chunks = 0;
        long done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelPacks, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, index.PackCount, options, async (p, stop) =>
        {
            (PackFooter? footer, damaged[p]) = await packs.InspectAsync(index.PackKey(p), stop).ConfigureAwait(false);
            if (footer is not null && !wanted.AreIn(footer, p))
                damaged[p] = new ObjectDamage(manifest.Index, "IndexCorrupt", $"The index {manifest.Index} names chunks that {index.PackKey(p)} does not have there.");
            if (damaged[p] is null)
                Interlocked.Add(ref chunks, wanted.Count(p));
            progress?.Report(new TransferProgress(Interlocked.Add(ref done, wanted.StoredBytes(p)), index.StoredSize));
        }).ConfigureAwait(false);
        for (int p = 0; p < index.PackCount; p++)
            named.Add(index.PackKey(p));
        ObjectDamage[] found = [.. damaged.OfType<ObjectDamage>().DistinctBy(static d => d.Key)];
        return new ImageVerification(chunks, damaged.Count(static d => d is null), packs.BytesRead - before + manifest.IndexSize, found);
    }

    /// <summary>Checks packs that no image named so far: publishers build on those that an interrupted publish left. What is marked for deletion is left out.</summary>
    /// <returns>Null when there are none.</returns>
    /// <exception cref="StoreException">As for <see cref="VerifyAsync"/>.</exception>
    public async Task<ImageVerification?> VerifyUnnamedAsync(CancellationToken cancellationToken)
    {
        ObjectMarks marks = await ObjectMarks.ListAsync(store, cancellationToken).ConfigureAwait(false);
        var unnamed = new List<string>();
        await foreach (StoredObject pack in store.ListAsync(ObjectKeys.PackPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectKeys.PackDigest(pack.Key) is not null && !named.Contains(pack.Key) && !marks.Contains(pack.Key))
                unnamed.Add(pack.Key);
        }

        if (unnamed.Count == 0)
            return null;
        long before = packs.BytesRead;
        long chunks = 0;
        var damaged = new ObjectDamage?[unnamed.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelPacks, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, unnamed.Count, options, async (p, stop) =>
        {
            (PackFooter? footer, damaged[p]) = await packs.InspectAsync(unnamed[p], stop).ConfigureAwait(false);
            Interlocked.Add(ref chunks, footer?.Chunks.Count ?? 0);
        }).ConfigureAwait(false);
        return new ImageVerification(chunks, damaged.Count(static d => d is null), packs.BytesRead - before, [.. damaged.OfType<ObjectDamage>()]);
    }
}
