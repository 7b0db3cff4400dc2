using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Collect;

/// <summary>An index that manifests name.</summary>
/// <param name="Manifests">Keys of the manifests.</param>
/// <param name="Packs">Keys of the packs it names.</param>
internal sealed record ReachedIndex(List<string> Manifests, IReadOnlyList<string> Packs);

/// <summary>
/// What the images of a store lead to. It is either known of every image that can be listed, or not at all: one that cannot be read could need anything.
/// </summary>
internal sealed class Reachability
{
    private const int ParallelReads = 4;
    private const int MostListings = 4;

    /// <summary>Of so many packs the use is measured at a time: 2 KB each.</summary>
    private const int MeasuredPacks = 65_536;

    private readonly IObjectStore store;
    private readonly IProgress<TransferProgress>? progress;
    private readonly Dictionary<string, ReachedIndex> indexes = new(StringComparer.Ordinal);
    private readonly HashSet<string> images = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<ImageNeed>> needs = new(StringComparer.Ordinal);
    private readonly List<StoreException> damages = [];
    private readonly Dictionary<string, long> liveBytes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> packNames = new(StringComparer.Ordinal);

    private Reachability(IObjectStore store, IProgress<TransferProgress>? progress)
    {
        this.store = store;
        this.progress = progress;
    }

    /// <summary>Indexes by their keys.</summary>
    public IReadOnlyDictionary<string, ReachedIndex> Indexes => indexes;

    /// <summary>Bytes in use of every pack that an image leads to, by its key.</summary>
    public IReadOnlyDictionary<string, long> PackBytes => liveBytes;

    /// <summary>What is wrong with images that nobody can ever read. They cost nothing but themselves.</summary>
    public IReadOnlyList<StoreException> Damages => damages;

    public int Images => indexes.Values.Sum(static i => i.Manifests.Count);

    /// <summary>Reads all manifests and the indexes they name.</summary>
    /// <exception cref="StoreException"><c>CollectionUnsafe</c>, and what the store gives.</exception>
    public static async Task<Reachability> ReadAsync(IObjectStore store, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        var found = new Reachability(store, progress);
        await found.ReadManifestsAsync(cancellationToken).ConfigureAwait(false);
        await found.ReadIndexesAsync(cancellationToken).ConfigureAwait(false);
        return found;
    }

    /// <summary>Keys of all packs and indexes that an image leads to.</summary>
    public IEnumerable<string> Keys => indexes.Keys.Concat(packNames.Keys);

    /// <summary>Name and version of the first image that leads to a pack or an index.</summary>
    public string ImageThatNeeds(string key)
    {
        string index = needs.ContainsKey(key) ? key : indexes.First(one => one.Value.Packs.Contains(key)).Key;
        return ObjectKeys.ImageOf(needs[index][0].ManifestKey)!.ToString();
    }

    /// <summary>True when a manifest names the image.</summary>
    public bool HasImage(ImageId image) => images.Contains(image.ToString());

    public bool Contains(string key) => packNames.ContainsKey(key) || needs.ContainsKey(key);

    // Listed until a listing has nothing new: no listing that was damaged on its way, and no store that lists late, hides an image.
    private async Task ReadManifestsAsync(CancellationToken cancellationToken)
    {
        var catalog = new ImageCatalog(store);
        var read = new HashSet<string>(StringComparer.Ordinal);
        for (int listing = 1; ; listing++)
        {
            var unread = new List<string>();
            await foreach (StoredObject one in store.ListAsync(ObjectKeys.ImagePrefix, cancellationToken).ConfigureAwait(false))
            {
                if (ObjectKeys.ImageOf(one.Key) is not null && !read.Contains(one.Key))
                    unread.Add(one.Key);
            }

            if (unread.Count == 0)
                return;
            if (listing > MostListings)
                throw Unsafe(unread[0], "its manifest is listed and cannot be found");
            var manifests = new Manifest?[unread.Count];
            var options = new ParallelOptions { MaxDegreeOfParallelism = 4 * ParallelReads, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(Enumerable.Range(0, unread.Count), options, async (i, stop) =>
                manifests[i] = await TwiceAsync(unread[i], () => catalog.TryReadAsync(unread[i], stop)).ConfigureAwait(false)).ConfigureAwait(false);
            for (int i = 0; i < manifests.Length; i++)
            {
                // Null: removed since it was listed. The next listing says whether it was.
                if (manifests[i] is not { } manifest)
                    continue;
                read.Add(unread[i]);
                images.Add(manifest.ImageId);
                ref List<ImageNeed>? need = ref CollectionsMarshal.GetValueRefOrAddDefault(needs, manifest.Index, out _);
                need ??= [];
                need.Add(new ImageNeed(unread[i], manifest.ImageId, manifest.VirtualSize, manifest.Index, manifest.IndexSize));
            }
        }
    }

    // Each pass measures as many packs as there is memory for, and reads all indexes to do it; one is enough for a terabyte.
    private async Task ReadIndexesAsync(CancellationToken cancellationToken)
    {
        long once = needs.Values.Sum(static n => n[0].IndexSize);
        long done = 0;
        int measuredBefore = -1;
        for (bool first = true; first || (liveBytes.Count < packNames.Count && liveBytes.Count > measuredBefore); first = false)
        {
            measuredBefore = liveBytes.Count;
            var measured = new Dictionary<string, PackUse>(StringComparer.Ordinal);
            var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = cancellationToken };
            bool tell = first;
            await Parallel.ForEachAsync(needs.Values, options, async (need, stop) =>
            {
                ReadImage read = await ReadAnyAsync(need, measured, stop).ConfigureAwait(false);
                if (tell)
                    Tell(need, read);
                long now = Interlocked.Add(ref done, need[0].IndexSize);
                progress?.Report(new TransferProgress(now, Math.Max(now, once)));
            }).ConfigureAwait(false);
            foreach ((string pack, PackUse use) in measured)
                liveBytes[pack] = use.LiveBytes;
        }
    }

    // Manifests of different lengths may name one index: only one of them can be right, and what it leads to stays.
    private async Task<ReadImage> ReadAnyAsync(List<ImageNeed> need, Dictionary<string, PackUse> measured, CancellationToken cancellationToken)
    {
        ImageNeed[] sizes = [.. need.DistinctBy(static n => n.IndexSize)];
        for (int i = 0; ; i++)
        {
            try
            {
                return await TwiceAsync(sizes[i].ManifestKey, () => ReadIndexAsync(sizes[i], measured, cancellationToken)).ConfigureAwait(false);
            }
            catch (StoreException unsafeSize) when (unsafeSize.Id == "CollectionUnsafe" && i + 1 < sizes.Length)
            {
                continue;
            }
        }
    }

    private async Task<ReadImage> ReadIndexAsync(ImageNeed need, Dictionary<string, PackUse> measured, CancellationToken cancellationToken)
    {
        using SpooledObject bytes = await SpooledObject.ReadAsync(store, need.Index, need.IndexSize, cancellationToken).ConfigureAwait(false);
        ImageIndex.RequireContent(bytes, need.Index);
        try
        {
            using var reader = new IndexReader(bytes.OpenRead(), bytes.Length);
            return ReadUse(need.Index, reader, measured);
        }
        catch (FormatException malformed)
        {
            // It is what its name promises, so that nobody ever finds another in its place: no reader can read the image, and it needs nothing.
            return new ReadImage(null, 0, malformed.Message);
        }
    }

    private ReadImage ReadUse(string indexKey, IndexReader reader, Dictionary<string, PackUse> measured)
    {
        ulong[] used = new ulong[reader.Frames.Length];
        using var id = new ImageId.Hasher(reader.VirtualSize);
        for (ReadOnlySpan<IndexedChunk> chunks = reader.NextChunks(); chunks.Length > 0; chunks = reader.NextChunks())
        {
            foreach (ref readonly IndexedChunk chunk in chunks)
            {
                used[chunk.Frame] |= PackUse.PartsOf(chunk.OffsetInFrame, chunk.Length, reader.Frames[chunk.Frame].ContentLength);
                id.Append(chunk.Offset, chunk.Length, chunk.Digest);
            }
        }

        lock (measured)
            Merge(indexKey, reader, used, measured);
        return new ReadImage(id.Finish().ToString(), reader.VirtualSize, "");
    }

    // What the index leads to is kept whoever names it; a manifest that contradicts it is an image that nobody can read.
    private void Tell(List<ImageNeed> need, ReadImage read)
    {
        lock (damages)
        {
            foreach (ImageNeed one in need)
            {
                if (read.ImageId == one.ImageId && read.VirtualSize == one.VirtualSize)
                    indexes[one.Index].Manifests.Add(one.ManifestKey);
                else if (read.ImageId is null)
                    damages.Add(new StoreException("IndexCorrupt", one.Index, $"Nobody can read {ObjectKeys.ImageOf(one.ManifestKey)}: the index {one.Index} cannot be read, {read.Why}."));
                else
                    damages.Add(new StoreException("ManifestCorrupt", one.ManifestKey, $"Nobody can read {ObjectKeys.ImageOf(one.ManifestKey)}: the manifest {one.ManifestKey} contradicts its index."));
            }
        }
    }

    private void Merge(string indexKey, IndexReader index, ulong[] used, Dictionary<string, PackUse> measured)
    {
        string[] keys = new string[index.Packs.Length];
        for (int p = 0; p < keys.Length; p++)
        {
            keys[p] = ObjectKeys.Pack(index.Packs[p]);

            // One string for each pack, however many indexes name it.
            ref string? name = ref CollectionsMarshal.GetValueRefOrAddDefault(packNames, keys[p], out _);
            keys[p] = name ??= keys[p];
        }

        lock (damages)
            indexes[indexKey] = indexes.TryGetValue(indexKey, out ReachedIndex? reached) ? reached with { Packs = keys } : new ReachedIndex([], keys);
        for (int f = 0; f < index.Frames.Length;)
        {
            int pack = index.Frames[f].Pack;
            var frames = new List<FrameUse>();
            for (; f < index.Frames.Length && index.Frames[f].Pack == pack; f++)
                frames.Add(new FrameUse(index.Frames[f].Offset, index.Frames[f].StoredLength, used[f]));

            // What is over the memory waits for a later pass.
            if (!measured.ContainsKey(keys[pack]) && (liveBytes.ContainsKey(keys[pack]) || measured.Count >= MeasuredPacks))
                continue;
            ref PackUse? use = ref CollectionsMarshal.GetValueRefOrAddDefault(measured, keys[pack], out _);
            use ??= new PackUse();
            use.Add(frames);
        }
    }

    // Perhaps it was damaged on its way: the second look decides.
    private static async Task<T> TwiceAsync<T>(string manifestKey, Func<Task<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (StoreException first) when (DocumentDamage.IsOf(first))
        {
            try
            {
                return await read().ConfigureAwait(false);
            }
            catch (StoreException second) when (DocumentDamage.IsOf(second))
            {
                throw Unsafe(manifestKey, second.Message.TrimEnd('.'), second);
            }
        }
    }

    private static StoreException Unsafe(string manifestKey, string why, StoreException? cause = null)
    {
        string image = ObjectKeys.ImageOf(manifestKey)!.ToString();
        return new StoreException("CollectionUnsafe", image, $"Nothing was deleted, since nobody knows what {image} needs: {why}.", cause);
    }

    // What a manifest says of its image and where it lies.
    private readonly record struct ImageNeed(string ManifestKey, string ImageId, long VirtualSize, string Index, long IndexSize);

    // What an index was found to be; no image id when no reader takes it.
    private readonly record struct ReadImage(string? ImageId, long VirtualSize, string Why);
}
