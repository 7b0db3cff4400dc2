using System.Security.Cryptography;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Collect;
using ImageFabric.Store.Deltas;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Copy;

/// <summary>
/// Copies images from one store to another: packs that the destination lacks, then the index, then the manifest. A copy that broke off goes on with
/// the packs that are missing. Every pack is held to its digest on the way. What the destination has marked for deletion counts as absent, and
/// comes with another name. Store format, "Collecting".
/// </summary>
public sealed class ImageCopier
{
    private const int MostRounds = 3;

    private readonly IObjectStore source;
    private readonly IObjectStore destination;
    private readonly CopyOptions options;
    private readonly PackReading packs;
    private DestinationPacks there;

    private ImageCopier(IObjectStore source, IObjectStore destination, CopyOptions options, DestinationPacks there)
    {
        this.source = source;
        this.destination = destination;
        this.options = options;
        this.there = there;
        packs = new PackReading(source);
    }

    /// <summary>True when both stores cut disks in the same way, so that what is published into one later on shares chunks with what was copied.</summary>
    public bool SameChunking { get; private init; }

    /// <summary>Opens the way between two stores; the destination becomes a store of the source's making when it is none yet.</summary>
    /// <exception cref="StoreException"><c>StoreNotFound</c>, <c>StoreFormatNotSupported</c>, and what the stores give.</exception>
    public static async Task<ImageCopier> OpenAsync(IObjectStore source, IObjectStore destination, CopyOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        RepositoryDescription from = await RepositoryDescription.OpenAsync(source, cancellationToken).ConfigureAwait(false);
        RepositoryDescription to = await RepositoryDescription.OpenOrCreateAsync(destination, from.Chunking, cancellationToken).ConfigureAwait(false);
        DestinationPacks there = await DestinationPacks.ListAsync(destination, cancellationToken).ConfigureAwait(false);
        return new ImageCopier(source, destination, options, there) { SameChunking = from.Chunking == to.Chunking };
    }

    /// <summary>Copies one image.</summary>
    /// <param name="image">Name and version; the version is given.</param>
    /// <param name="cancellationToken">Stops it; what has arrived is used by the next copy.</param>
    /// <exception cref="StoreException"><c>ImageNotFound</c>; <c>ImageExists</c> when the destination has that version with other content;
    /// <c>PackCorrupt</c>, <c>IndexCorrupt</c>, <c>ManifestCorrupt</c>, <c>ObjectMissing</c>, <c>PublishOvertaken</c>, and what the stores give.</exception>
    public async Task<CopyOutcome> CopyAsync(ImageReference image, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (!image.IsExact)
            throw new ArgumentException("A version is needed.", nameof(image));
        for (int round = 1; ; round++)
        {
            if (await TryCopyAsync(image, cancellationToken).ConfigureAwait(false) is { } outcome)
                return outcome;
            if (round == MostRounds)
                throw new StoreException("PublishOvertaken", image.ToString(), $"{destination.Location} was cleaned while {image} was copied, and what the image was to be built on went away.");
            there = await DestinationPacks.ListAsync(destination, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Copies the deltas that lead to an image and that the destination lacks.</summary>
    /// <returns>Bytes copied, or to be copied.</returns>
    /// <exception cref="StoreException">What the stores give.</exception>
    public Task<long> CopyDeltasAsync(Manifest image, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        return ImageId.TryParse(image.ImageId, out ImageId id) ? StoredDeltas.CopyAsync(source, destination, id, options.PlanOnly, cancellationToken) : Task.FromResult(0L);
    }

    // Null: what it was to be built on went away in the meantime.
    private async Task<CopyOutcome?> TryCopyAsync(ImageReference image, CancellationToken cancellationToken)
    {
        string key = ObjectKeys.Manifest(image.Name, image.Version!);
        byte[] original = await ReadManifestAsync(key, image, cancellationToken).ConfigureAwait(false);
        Manifest manifest = Manifest.Parse(original, key);
        Manifest? existing = await new ImageCatalog(destination).TryReadAsync(key, cancellationToken).ConfigureAwait(false);
        if (existing is not null && existing.ImageId != manifest.ImageId)
            throw Exists(image);
        if (existing is not null && await WholeAsync(existing, cancellationToken).ConfigureAwait(false) is { } whole)
            return whole;

        using SpooledObject indexObject = await SpooledObject.ReadAsync(source, manifest.Index, manifest.IndexSize, cancellationToken).ConfigureAwait(false);
        ImageIndex index = ImageCatalog.CheckIndex(indexObject, manifest);
        (List<int> missing, long bytesPresent) = there.Lacks(index);
        var transfer = new CopyTransfer(manifest.StoredSize + manifest.IndexSize, bytesPresent, index.PackCount - missing.Count, options.Progress);
        byte[][] names = [.. Enumerable.Range(0, index.PackCount).Select(p => index.PackDigest(p).ToArray())];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Transfers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(missing, parallel, async (p, stop) => names[p] = await CopyPackAsync(names[p], transfer, stop).ConfigureAwait(false)).ConfigureAwait(false);

        bool renamed = missing.Exists(p => !index.PackDigest(p).SequenceEqual(names[p]));
        using var finished = new FinishedIndex(
            renamed ? index.WithPacks(names).Serialize() : indexObject, index.ImageId, index.VirtualSize, index.DataSize, index.StoredSize, [.. names.Select(static name => ObjectKeys.Pack(name))]);
        if (there.IsMarked(finished.Key))
            finished.Rename(ObjectMarks.NewSalt());
        await destination.PutSpooledAsync(finished.Key, finished.Object, cancellationToken).ConfigureAwait(false);
        transfer.Add(finished.Object.Length);
        Manifest placed = manifest with { Index = finished.Key, IndexSize = finished.Object.Length };
        return await FinishAsync(placed, placed == manifest ? original : placed.Serialize(), existing, finished, transfer, cancellationToken).ConfigureAwait(false);
    }

    private async Task<CopyOutcome?> FinishAsync(Manifest manifest, byte[] json, Manifest? existing, FinishedIndex index, CopyTransfer transfer, CancellationToken cancellationToken)
    {
        var references = new PublishedReferences(destination, index.Key, index.PackKeys);
        if (!options.PlanOnly && !await references.HoldAsync(cancellationToken).ConfigureAwait(false))
            return null;
        if (existing is not null)
        {
            // A manifest that is there keeps what it says, but for the way to the data.
            manifest = existing with { Index = manifest.Index, IndexSize = manifest.IndexSize, StoredSize = manifest.StoredSize };
            json = manifest.Serialize();
        }

        string key = ObjectKeys.Manifest(manifest.Name, manifest.Version);
        if (await destination.PutAsync(key, json, existing is null ? PutMode.CreateOnly : PutMode.Replace, cancellationToken).ConfigureAwait(false))
        {
            transfer.Add(json.Length);
            return options.PlanOnly || await references.HeldAsync(key, cancellationToken).ConfigureAwait(false) ? transfer.Outcome(manifest, created: true) : null;
        }

        Manifest? winner = await new ImageCatalog(destination).TryReadAsync(key, cancellationToken).ConfigureAwait(false);
        return winner?.ImageId == manifest.ImageId ? transfer.Outcome(winner, created: false) : throw Exists(manifest.Reference);
    }

    /// <summary>Copies a pack.</summary>
    /// <returns>The digest that it has in the destination: another one when that name is marked there.</returns>
    private async Task<byte[]> CopyPackAsync(byte[] digest, CopyTransfer transfer, CancellationToken cancellationToken)
    {
        string key = ObjectKeys.Pack(digest);
        StoredObject stored = await source.StatAsync(key, cancellationToken).ConfigureAwait(false)
            ?? throw new StoreException("ObjectMissing", key, $"{source.Location} has no object {key}.");
        if (!options.PlanOnly)
        {
            using WholePack pack = await packs.ReadAsync(key, stored.Length, cancellationToken).ConfigureAwait(false);
            ReadOnlyMemory<byte> content = pack.Content;
            if (there.IsMarked(key))
            {
                content = pack.TrySalt(ObjectMarks.NewSalt()) ?? throw new StoreException("PackCorrupt", key, $"The pack {key} does not describe itself.");
                digest = SHA256.HashData(content.Span);
                key = ObjectKeys.Pack(digest);
            }

            await destination.PutAsync(key, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
        }

        there.Add(key, stored.Length);
        transfer.AddPack(stored.Length);
        return digest;
    }

    // The image as the destination has it, or null when something of it is lost there.
    private async Task<CopyOutcome?> WholeAsync(Manifest existing, CancellationToken cancellationToken)
    {
        try
        {
            ImageIndex index = await ImageCatalog.ReadIndexAsync(destination, existing, cancellationToken).ConfigureAwait(false);
            (List<int> missing, long bytes) = there.Lacks(index);
            return missing.Count == 0 ? new CopyOutcome(existing, Created: false, 0, bytes, 0, index.PackCount) : null;
        }
        catch (StoreException damaged) when (DocumentDamage.IsOf(damaged))
        {
            return null;
        }
    }

    private async Task<byte[]> ReadManifestAsync(string key, ImageReference image, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReadAllAsync(key, FormatLimits.LongestDocument, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException gone) when (gone.Id == "ObjectMissing")
        {
            throw new StoreException("ImageNotFound", image.ToString(), $"{source.Location} has no image {image}.", gone);
        }
    }

    private static StoreException Exists(ImageReference image) =>
        new("ImageExists", image.ToString(), $"The destination has {image} already, with other content.");
}
