using ImageFabric.Disks;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Trust;

namespace ImageFabric.Store.Publish;

/// <summary>
/// Publishes a disk: chunks → packs → index → manifest, in this order, so that a reader never sees a manifest whose data is not all there.
/// What an interrupted publish had sent already is found and used by the next one.
/// </summary>
public sealed class ImagePublisher
{
    private const int MostRounds = 3;
    private const int ParallelLooks = 16;

    private readonly IObjectStore store;
    private readonly ILogicalDisk disk;
    private readonly PublishOptions options;
    private readonly ImageCatalog catalog;
    private readonly IndexCache indexes;
    private readonly string manifestKey;
    private ChunkingProfile profile = ChunkingProfile.Default;
    private DateTimeOffset published = DateTimeOffset.UtcNow;
    private long bytesTotal;

    private ImagePublisher(IObjectStore store, ILogicalDisk disk, PublishOptions options)
    {
        this.store = store;
        this.disk = disk;
        this.options = options;
        catalog = new ImageCatalog(store, options.CacheDirectory);
        indexes = new IndexCache(options.CacheDirectory, IndexCache.DefaultCapacity);
        manifestKey = ObjectKeys.Manifest(options.Image.Name, options.Image.Version!);
    }

    /// <summary>Publishes a disk as a version that is new, or that has this very content already.</summary>
    /// <exception cref="StoreException"><c>ImageExists</c> when the version has other content, and what the store gives.</exception>
    /// <exception cref="DiskException">The disk cannot be read, or changed in the meantime.</exception>
    public static Task<PublishOutcome> RunAsync(IObjectStore store, ILogicalDisk disk, PublishOptions options, CancellationToken cancellationToken)
    {
        if (!options.Image.IsExact)
            throw new ArgumentException("A version is needed.", nameof(options));
        return new ImagePublisher(store, disk, options).RunAsync(cancellationToken);
    }

    private async Task<PublishOutcome> RunAsync(CancellationToken cancellationToken)
    {
        // Before anything is sent: what nobody could read is not published.
        Describe(ImageId.FromBytes(new byte[32]), ObjectKeys.Index(new byte[32]), 1, disk.Length, 0, 0).Serialize();
        profile = (await RepositoryDescription.OpenOrCreateAsync(store, cancellationToken).ConfigureAwait(false)).Chunking;
        bytesTotal = await CountAsync(cancellationToken).ConfigureAwait(false);

        Manifest? existing = await catalog.TryReadAsync(manifestKey, cancellationToken).ConfigureAwait(false);
        if (existing is not null)
        {
            if (await TryConfirmAsync(existing, cancellationToken).ConfigureAwait(false) is { } unchanged)
                return unchanged with { Manifest = await SignAsync(existing, cancellationToken).ConfigureAwait(false) };
        }

        for (int round = 1; ; round++)
        {
            (PublishOutcome? outcome, existing) = await SendAsync(existing, cancellationToken).ConfigureAwait(false);
            if (outcome is not null)
                return outcome;

            // A disk that is read from front to back cannot be read again.
            if (round == MostRounds || disk.IsSequential)
                throw new StoreException("PublishOvertaken", options.Image.ToString(), $"The store was cleaned while {options.Image} was published, and what the image was to be built on went away.");
        }
    }

    // Null: the store lost something of what it has of this content.
    private async Task<PublishOutcome?> TryConfirmAsync(Manifest existing, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<bool> looking = Task.Run(() => IsWholeAsync(existing, stop.Token), CancellationToken.None);
        try
        {
            (ImageId id, long read) = await IdentifyAsync(existing.VirtualSize, cancellationToken).ConfigureAwait(false);
            if (existing.VirtualSize != disk.Length || existing.ImageId != id.ToString())
                throw Exists();
            return await looking.ConfigureAwait(false) ? new PublishOutcome(existing, Created: false, read, 0, existing.DataSize, 0) : null;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)looking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // A disk that is read from front to back is not read once more to know how much there is.
    private async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        if (disk.IsSequential)
            return 0;
        long count = 0;
        await foreach (DiskExtent extent in disk.ReadExtentsAsync(cancellationToken).ConfigureAwait(false))
            count += extent.Length;
        return count;
    }

    // No outcome: what it was built on went away in the meantime. A manifest that was written nevertheless is the existing one of the next round.
    private async Task<(PublishOutcome? Outcome, Manifest? Existing)> SendAsync(Manifest? existing, CancellationToken cancellationToken)
    {
        ObjectMarks marks = await ObjectMarks.ListAsync(store, cancellationToken).ConfigureAwait(false);
        KnownChunks known = await new KnownChunksLoader(store, catalog, indexes, profile, marks, options.MemoryForChunks)
            .LoadAsync(options.Image.Name, cancellationToken).ConfigureAwait(false);
        using var draft = new IndexDraft(profile);
        long read = 0;
        long reused = 0;
        await using var packs = new PackUploader(store, known, marks, options, cancellationToken);
        FrameBuilder? open = null;
        try
        {
            await foreach (DiskSegment segment in DiskChunker.ReadAsync(disk, profile, cancellationToken).ConfigureAwait(false))
            {
                using (segment)
                {
                    for (int c = 0; c < segment.Chunks.Count; c++)
                    {
                        CutChunk cut = segment.Chunks[c];
                        if (known.TryFind(segment.Digests[c], out int frame, out int offsetInFrame))
                        {
                            reused += cut.Length;
                        }
                        else
                        {
                            if (open is not null && !open.HasRoomFor(cut.Length))
                            {
                                (FrameBuilder full, open) = (open, null);
                                await packs.WriteAsync(full).ConfigureAwait(false);
                            }

                            open ??= packs.StartFrame();
                            frame = open.Number;
                            offsetInFrame = open.Append(segment.Content(c), segment.Digests[c]);
                            known.Add(segment.Digests[c], frame, offsetInFrame);
                        }

                        draft.Add(new IndexedChunk(cut.Offset, cut.Length, segment.Digests[c], frame, offsetInFrame));
                    }

                    read += segment.BytesRead;
                    Report(read);
                }
            }

            if (open is not null)
            {
                (FrameBuilder last, open) = (open, null);
                await packs.WriteAsync(last).ConfigureAwait(false);
            }
        }
        finally
        {
            open?.Dispose();
        }

        await packs.CompleteAsync().ConfigureAwait(false);
        await disk.VerifyAsync(cancellationToken).ConfigureAwait(false);
        disk.ThrowIfChanged();
        using FinishedIndex index = draft.Finish(disk.Length, known.Packs, known.Frames);
        if (marks.Contains(index.Key))
            index.Rename(ObjectMarks.NewSalt());
        return await FinishAsync(index, existing, packs, read, reused, cancellationToken).ConfigureAwait(false);
    }

    private async Task<(PublishOutcome? Outcome, Manifest? Existing)> FinishAsync(
        FinishedIndex index, Manifest? existing, PackUploader packs, long read, long reused, CancellationToken cancellationToken)
    {
        // An existing manifest of the same content keeps what it says, but for the way to the data: its signature stays good.
        if (existing is null)
            published = await ReadPublishedAsync(cancellationToken).ConfigureAwait(false);
        Manifest manifest = Signed(existing is null ? Describe(index.ImageId, index.Key, index.Object.Length, index.VirtualSize, index.DataSize, index.StoredSize) : existing with { Index = index.Key, IndexSize = index.Object.Length, StoredSize = index.StoredSize });
        await store.PutSpooledAsync(manifest.Index, index.Object, cancellationToken).ConfigureAwait(false);
        var references = new PublishedReferences(store, index.Key, index.PackKeys);
        if (!await references.HoldAsync(cancellationToken).ConfigureAwait(false))
            return (null, existing);

        byte[] json = manifest.Serialize();
        long uploaded = packs.BytesUploaded + index.Object.Length + json.Length;
        // An existing manifest of the same content is replaced only because what it named was lost.
        PutMode mode = existing is null ? PutMode.CreateOnly : PutMode.Replace;
        if (await store.PutAsync(manifestKey, json, mode, cancellationToken).ConfigureAwait(false))
        {
            await indexes.KeepAsync(index.Key, index.Object, cancellationToken).ConfigureAwait(false);
            await catalog.ShareAsync(cancellationToken).ConfigureAwait(false);
            bool held = await references.HeldAsync(manifestKey, cancellationToken).ConfigureAwait(false);
            return (held ? new PublishOutcome(manifest, Created: existing is null, read, uploaded, reused, packs.PacksUploaded) : null, manifest);
        }

        Manifest? winner = await catalog.TryReadAsync(manifestKey, cancellationToken).ConfigureAwait(false);
        if (winner is null || winner.ImageId != manifest.ImageId)
            throw Exists();
        return (new PublishOutcome(winner, Created: false, read, uploaded - json.Length, reused, packs.PacksUploaded), winner);
    }

    // By the store's clock, since publishers' own differ, and behind all that the name has: the newest version is the one that was published last.
    private async Task<DateTimeOffset> ReadPublishedAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset clock = await StoreClock.ReadAsync(store, cancellationToken).ConfigureAwait(false);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(clock.ToUnixTimeMilliseconds());
        IReadOnlyList<Manifest> others = await catalog.ListAsync(options.Image.Name, static _ => { }, cancellationToken).ConfigureAwait(false);
        DateTimeOffset newest = others.Where(m => m.Name == options.Image.Name).Select(static m => m.Published).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
        return newest < now ? now : newest < FormatLimits.LatestTime ? newest.AddMilliseconds(1) : FormatLimits.LatestTime;
    }

    private Manifest Signed(Manifest manifest)
    {
        if (options.Signer is not { } signer)
            return manifest;
        ImageStatement statement = ImageStatement.Of(manifest);
        return manifest.Signature is not null && ImageSignature.IsBy(signer, statement, manifest.Signature) ? manifest : manifest with { Signature = signer.Sign(statement) };
    }

    // An image that is there already, and is to be signed by another hand or for the first time.
    private async Task<Manifest> SignAsync(Manifest existing, CancellationToken cancellationToken)
    {
        if (options.Signer is null)
            return existing;
        byte[] before = await store.ReadAllAsync(manifestKey, FormatLimits.LongestDocument, cancellationToken).ConfigureAwait(false);
        Manifest manifest = Manifest.Parse(before, manifestKey);
        Manifest signed = Signed(manifest);
        if (signed == manifest)
            return manifest;
        return await store.ReplaceAsync(manifestKey, signed.Serialize(), before, cancellationToken).ConfigureAwait(false)
            ? signed
            : throw new StoreException("PublishOvertaken", options.Image.ToString(), $"The manifest of {options.Image} was changed while it was signed.");
    }

    private Manifest Describe(ImageId id, string indexKey, long indexSize, long virtualSize, long dataSize, long storedSize) => new()
    {
        Format = RepositoryDescription.CurrentFormat,
        Name = options.Image.Name,
        Version = options.Image.Version!,
        ImageId = id.ToString(),
        Index = indexKey,
        IndexSize = indexSize,
        VirtualSize = virtualSize,
        DataSize = dataSize,
        StoredSize = storedSize,
        Published = published,
        SourceFormat = disk.Format,
        SectorSize = options.SectorSize == 512 ? null : options.SectorSize,
        PartitionTable = options.PartitionTable,
        BootMode = options.BootMode,
        Labels = options.Labels is { Count: > 0 } ? options.Labels : null,
    };

    private async Task<(ImageId Id, long BytesRead)> IdentifyAsync(long length, CancellationToken cancellationToken)
    {
        using var hasher = new ImageId.Hasher(length);
        long read = 0;
        await foreach (DiskSegment segment in DiskChunker.ReadAsync(disk, profile, cancellationToken).ConfigureAwait(false))
        {
            using (segment)
            {
                for (int c = 0; c < segment.Chunks.Count; c++)
                    hasher.Append(segment.Chunks[c].Offset, segment.Chunks[c].Length, segment.Digests[c]);
                read += segment.BytesRead;
                Report(read);
            }
        }

        await disk.VerifyAsync(cancellationToken).ConfigureAwait(false);
        disk.ThrowIfChanged();
        return (hasher.Finish(), read);
    }

    private async Task<bool> IsWholeAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        ImageIndex index;
        try
        {
            index = await ImageCatalog.ReadIndexAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException damaged) when (DocumentDamage.IsOf(damaged))
        {
            return false;
        }

        int missing = 0;
        var looks = new ParallelOptions { MaxDegreeOfParallelism = ParallelLooks, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, index.PackCount, looks, async (p, stop) =>
        {
            if (Volatile.Read(ref missing) == 0 && await store.StatAsync(index.PackKey(p), stop).ConfigureAwait(false) is null)
                Interlocked.Increment(ref missing);
        }).ConfigureAwait(false);
        return missing == 0;
    }

    private void Report(long read) => options.Progress?.Report(new TransferProgress(bytesTotal > 0 ? Math.Min(read, bytesTotal) : read, bytesTotal));

    private StoreException Exists() =>
        new("ImageExists", options.Image.ToString(), $"{options.Image} is published already, with other content.");
}
