using System.Security.Cryptography;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.Collect;

/// <summary>
/// Writes what is used of some packs into new ones, then indexes that name those, then puts manifests that name the new indexes in the place of the old.
/// It is a publisher like any other: every image is whole at every moment, and a manifest that was removed or changed in the meantime stays so.
/// </summary>
internal sealed class PackRepacker : IDisposable
{
    /// <summary>Packs that are written anew together: what is used of them is less than half, so about 2 GB of content, whose names take 20 MB.</summary>
    public const int MostPacks = 256;

    private readonly IObjectStore store;
    private readonly HashSet<string> sparse;
    private readonly Reachability reached;
    private readonly CollectReport report;
    private readonly Func<ImageIndex, IReadOnlyList<int>, CheckedFrame, CancellationToken, Task> read;
    private readonly BufferPool frameBuffers = new(FrameBuilder.BufferLength);
    private readonly PackPool packPool = new();
    private readonly ZstdCodec zstd = new();
    private readonly Dictionary<ChunkDigest, (int Frame, int Offset)> moved = [];
    private readonly List<PackFrame> frames = [];
    private readonly List<byte[]> packs = [];
    private ObjectMarks? marks;
    private FrameBuilder? openFrame;
    private PackBuilder? openPack;

    /// <param name="store">The store.</param>
    /// <param name="sparsePacks">Keys of the packs to leave.</param>
    /// <param name="reached">What the images of the store lead to.</param>
    /// <param name="report">Told what was written.</param>
    /// <param name="read">Reads frames of an index, as many of those asked for as it can. Null: from the store.</param>
    public PackRepacker(
        IObjectStore store, HashSet<string> sparsePacks, Reachability reached, CollectReport report, Func<ImageIndex, IReadOnlyList<int>, CheckedFrame, CancellationToken, Task>? read = null)
    {
        this.read = read ?? ReadAsync;
        this.store = store;
        sparse = sparsePacks;
        this.reached = reached;
        this.report = report;
    }

    /// <summary>Does it.</summary>
    /// <returns>Keys of packs and indexes that the images it was told of do not lead to any more.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        marks = await ObjectMarks.ListAsync(store, cancellationToken).ConfigureAwait(false);
        string[] affected = [.. reached.Indexes.Where(i => i.Value.Packs.Any(sparse.Contains)).Select(static i => i.Key)];
        foreach (string indexKey in affected)
        {
            if (await ReadIndexAsync(indexKey, cancellationToken).ConfigureAwait(false) is { } index)
                await MoveAsync(index, cancellationToken).ConfigureAwait(false);
        }

        await CloseFrameAsync(cancellationToken).ConfigureAwait(false);
        await ClosePackAsync(cancellationToken).ConfigureAwait(false);

        var emptied = new HashSet<string>(sparse, StringComparer.Ordinal);
        foreach (string indexKey in affected)
        {
            if (await ReadIndexAsync(indexKey, cancellationToken).ConfigureAwait(false) is not { } index || (IsMoved(index) && await RewriteAsync(indexKey, index, cancellationToken).ConfigureAwait(false)))
                emptied.Add(indexKey);
            else
                emptied.ExceptWith(reached.Indexes[indexKey].Packs);
        }

        // What came out the same has the same name.
        emptied.ExceptWith(packs.Select(static p => ObjectKeys.Pack(p)));

        report.Repacked = new ObjectSum(report.Repacked.Count + emptied.Count(sparse.Contains), report.Repacked.Bytes + sparse.Where(emptied.Contains).Sum(p => reached.PackBytes[p]));
        return [.. emptied];
    }

    public void Dispose()
    {
        openFrame?.Dispose();
        openPack?.Dispose();
        zstd.Dispose();
    }

    // Null when no manifest names it any more.
    private async Task<ImageIndex?> ReadIndexAsync(string indexKey, CancellationToken cancellationToken)
    {
        foreach (string manifestKey in reached.Indexes[indexKey].Manifests)
        {
            if (await new ImageCatalog(store).TryReadAsync(manifestKey, cancellationToken).ConfigureAwait(false) is { } manifest && manifest.Index == indexKey)
                return await ImageCatalog.ReadIndexAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    private async Task MoveAsync(ImageIndex index, CancellationToken cancellationToken)
    {
        using var contents = new FrameContents(index);
        var wanted = new List<int>();
        for (int f = 0; f < index.Frames.Length; f++)
        {
            if (!sparse.Contains(index.PackKey(index.Frames[f].Pack)))
                continue;
            foreach (int row in contents.ChunksOf(f))
            {
                if (moved.ContainsKey(index.Chunks[row].Digest))
                    continue;
                wanted.Add(f);
                break;
            }
        }

        await read(index, wanted, Take, cancellationToken).ConfigureAwait(false);

        async ValueTask Take(int frame, ReadOnlyMemory<byte> stored, ReadOnlyMemory<byte> content, CancellationToken stop)
        {
            for (int i = 0; i < contents.ChunksOf(frame).Length; i++)
            {
                IndexedChunk chunk = index.Chunks[contents.ChunksOf(frame)[i]];
                if (!moved.ContainsKey(chunk.Digest))
                    await AppendAsync(chunk.Digest, content.Slice(chunk.OffsetInFrame, chunk.Length), stop).ConfigureAwait(false);
            }
        }
    }

    // One after the other, since they are packed in this order.
    private async Task ReadAsync(ImageIndex index, IReadOnlyList<int> wanted, CheckedFrame take, CancellationToken cancellationToken)
    {
        using var contents = new FrameContents(index);
        await new FrameReads(store, index, contents).RunAsync(wanted, 1, take, cancellationToken).ConfigureAwait(false);
    }

    private async Task AppendAsync(ChunkDigest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (openFrame is not null && !openFrame.HasRoomFor(content.Length))
            await CloseFrameAsync(cancellationToken).ConfigureAwait(false);
        if (openFrame is null)
        {
            openFrame = new FrameBuilder(frames.Count, frameBuffers);
            frames.Add(default);
        }

        moved.Add(digest, (openFrame.Number, openFrame.Append(content.Span, digest)));
    }

    private async Task CloseFrameAsync(CancellationToken cancellationToken)
    {
        if (openFrame is null)
            return;
        if (openPack is null)
        {
            openPack = packPool.Start(packs.Count);
            packs.Add([]);
        }

        using (FrameBuilder frame = openFrame)
        {
            openFrame = null;
            frames[frame.Number] = openPack.Append(frame.Compress(zstd));
        }

        if (openPack.IsFull)
            await ClosePackAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task ClosePackAsync(CancellationToken cancellationToken)
    {
        if (openPack is null)
            return;
        using PackBuilder pack = openPack;
        openPack = null;
        (ReadOnlyMemory<byte> content, byte[] digest) = pack.Seal([]);
        if (marks!.Contains(ObjectKeys.Pack(digest)))
            (content, digest) = pack.Seal(ObjectMarks.NewSalt());
        packs[pack.Number] = digest;
        await store.PutAsync(ObjectKeys.Pack(digest), content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
        report.BytesWritten += content.Length;
    }

    // False when an image still needs the old index, or may.
    private async Task<bool> RewriteAsync(string oldKey, ImageIndex old, CancellationToken cancellationToken)
    {
        ImageIndex index = Renamed(old);
        using SpooledObject bytes = index.Serialize();
        if (marks!.Contains(ObjectKeys.Index(bytes.Digest())))
            bytes.Append(ObjectMarks.NewSalt());
        string key = ObjectKeys.Index(bytes.Digest());
        if (key == oldKey)
            return false;

        // What nobody can read must never get a name.
        if (ImageIndex.Parse(bytes, key).ImageId != old.ImageId)
            throw new InvalidOperationException($"The index {oldKey} was not rewritten faithfully.");
        await store.PutSpooledAsync(key, bytes, cancellationToken).ConfigureAwait(false);
        report.BytesWritten += bytes.Length;
        bool all = true;
        foreach (string manifestKey in reached.Indexes[oldKey].Manifests)
            all &= await RenameAsync(manifestKey, oldKey, old, new PublishedReferences(store, key, PacksOf(index)), m => m with { Index = key, IndexSize = bytes.Length, StoredSize = index.StoredSize }, cancellationToken).ConfigureAwait(false);
        return all;
    }

    private ImageIndex Renamed(ImageIndex old)
    {
        using var chunks = new ChunkRows();
        foreach (ref readonly IndexedChunk chunk in old.Chunks)
        {
            chunks.Add(sparse.Contains(old.PackKey(old.Frames[chunk.Frame].Pack)) && moved.TryGetValue(chunk.Digest, out (int Frame, int Offset) place)
                ? new IndexedChunk(chunk.Offset, chunk.Length, chunk.Digest, old.Frames.Length + place.Frame, place.Offset)
                : chunk);
        }

        byte[][] allPacks = [.. Enumerable.Range(0, old.PackCount).Select(p => old.PackDigest(p).ToArray()), .. packs];
        PackFrame[] allFrames = [.. old.Frames, .. frames.Select(f => f with { Pack = old.PackCount + f.Pack })];
        return ImageIndex.Create(old.VirtualSize, old.Profile, allPacks, allFrames, chunks);
    }

    // False when some of it could not be read: then the image stays where it is.
    private bool IsMoved(ImageIndex index)
    {
        foreach (ref readonly IndexedChunk chunk in index.Chunks)
        {
            if (sparse.Contains(index.PackKey(index.Frames[chunk.Frame].Pack)) && !moved.ContainsKey(chunk.Digest))
                return false;
        }

        return true;
    }

    private static IEnumerable<string> PacksOf(ImageIndex index) => Enumerable.Range(0, index.PackCount).Select(index.PackKey);

    private async Task<bool> RenameAsync(
        string manifestKey, string oldIndexKey, ImageIndex oldIndex, PublishedReferences references, Func<Manifest, Manifest> rename, CancellationToken cancellationToken)
    {
        byte[] before;
        try
        {
            before = await store.ReadAllAsync(manifestKey, FormatLimits.LongestDocument, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException removed) when (removed.Id == "ObjectMissing")
        {
            return true;
        }

        Manifest manifest = Manifest.Parse(before, manifestKey);
        if (manifest.Index != oldIndexKey)
            return true;
        if (!await references.HoldAsync(cancellationToken).ConfigureAwait(false))
            return false;
        byte[] after = rename(manifest).Serialize();
        if (!await store.ReplaceAsync(manifestKey, after, before, cancellationToken).ConfigureAwait(false))
            return false;
        if (!await references.HeldAsync(manifestKey, cancellationToken).ConfigureAwait(false))
        {
            // Written so late that what it names may go: the old one takes its place again.
            if (await store.ReplaceAsync(manifestKey, before, after, cancellationToken).ConfigureAwait(false) &&
                !await new PublishedReferences(store, oldIndexKey, PacksOf(oldIndex)).HeldAsync(manifestKey, cancellationToken).ConfigureAwait(false))
                throw new StoreException("PublishOvertaken", manifest.Reference.ToString(), $"While {manifest.Reference} was written anew, another run deleted what it needs.");
            return false;
        }

        report.ImagesRewritten++;
        return true;
    }
}
