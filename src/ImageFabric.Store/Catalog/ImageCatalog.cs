using System.Text.RegularExpressions;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Catalog;

/// <summary>The published images of a store.</summary>
/// <param name="store">The store.</param>
/// <param name="cacheDirectory">Where manifests that were read are kept for the next time. Null: nowhere.</param>
public sealed class ImageCatalog(IObjectStore store, string? cacheDirectory = null)
{
    private const int ParallelReads = 16;

    private readonly ManifestCopies copies = new(store, cacheDirectory);

    /// <summary>The images whose <c>name:version</c> fits a pattern, by name and time of publishing. Case does not matter.</summary>
    /// <param name="pattern"><c>NAME[:VERSION]</c> with the wildcards <c>*</c> and <c>?</c>; version <c>latest</c> gives the newest of each name. Null: all.</param>
    /// <param name="damaged">Told of every manifest that cannot be read, one at a time; the others are listed. Null: the first one is thrown.</param>
    /// <param name="cancellationToken">Stops the listing.</param>
    /// <exception cref="StoreException"><c>ManifestCorrupt</c>, and what the store gives.</exception>
    public async Task<IReadOnlyList<Manifest>> ListAsync(string? pattern, Action<StoreException>? damaged, CancellationToken cancellationToken)
    {
        string[] parts = (pattern ?? "*").Split(':', 2);
        string version = parts.Length == 2 ? parts[1] : "*";
        bool newest = version == ImageReference.Latest;
        Regex? name = Wildcard(parts[0]);
        Regex? versions = Wildcard(newest ? "*" : version);

        List<StoredObject> listed = await ListObjectsAsync(cancellationToken).ConfigureAwait(false);
        bool[] wanted = [.. listed.Select(o => ObjectKeys.ImageOf(o.Key) is { IsExact: true } image && name?.IsMatch(image.Name) != false && versions?.IsMatch(image.Version) != false)];

        byte[]?[] bytes = await copies.FindAsync(listed, cancellationToken).ConfigureAwait(false);
        var manifests = new Manifest?[listed.Count];
        var damages = new StoreException?[listed.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(Enumerable.Range(0, listed.Count).Where(i => wanted[i]), options, async (i, stop) =>
        {
            try
            {
                bytes[i] ??= await TryReadBytesAsync(listed[i].Key, stop).ConfigureAwait(false);
                manifests[i] = bytes[i] is { } json ? Manifest.Parse(json, listed[i].Key) : null;
            }
            catch (StoreException damage) when (damaged is not null && DocumentDamage.IsOf(damage))
            {
                damages[i] = damage;
            }
        }).ConfigureAwait(false);
        await copies.KeepAsync(listed, bytes, cancellationToken).ConfigureAwait(false);
        foreach (StoreException damage in damages.OfType<StoreException>())
            damaged!(damage);

        IEnumerable<Manifest> present = manifests.OfType<Manifest>().OrderBy(m => m.Name, StringComparer.Ordinal).ThenBy(m => m.Published);
        return newest ? [.. present.GroupBy(m => m.Name, StringComparer.Ordinal).Select(g => g.Last())] : [.. present];
    }

    /// <summary>The one image that a reference names.</summary>
    /// <exception cref="StoreException"><c>ImageNotFound</c>, <c>ManifestCorrupt</c>, and what the store gives.</exception>
    public async Task<Manifest> ResolveAsync(ImageReference image, CancellationToken cancellationToken)
    {
        Manifest? found = image.IsExact ? await TryReadAsync(ObjectKeys.Manifest(image.Name, image.Version), cancellationToken).ConfigureAwait(false) : null;
        if (found is null)
        {
            // Case matters only between images that differ in nothing else, as in a listing.
            IReadOnlyList<Manifest> listed = await ListAsync(image.ToString(), image.IsExact ? static _ => { } : null, cancellationToken).ConfigureAwait(false);
            found = (image.IsExact ? null : listed.SingleOrDefault(m => m.Name == image.Name)) ?? (listed is [var other] ? other : null);
        }

        return found ?? throw new StoreException("ImageNotFound", image.ToString(), $"{store.Location} has no image {(image.IsExact ? image : image.Name)}.");
    }

    /// <summary>Removes one version. The data stays, since other versions may share it.</summary>
    /// <returns>What it was; null when its manifest could not be read: such an image can be removed too.</returns>
    /// <exception cref="StoreException"><c>ImageNotFound</c>, and what the store gives.</exception>
    public async Task<Manifest?> RemoveAsync(ImageReference image, CancellationToken cancellationToken)
    {
        if (!image.IsExact)
            throw new ArgumentException("A version is needed.", nameof(image));
        Manifest? manifest = null;
        try
        {
            manifest = await ResolveAsync(image, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException damaged) when (damaged.Id is "ManifestCorrupt" or "StoreFormatNotSupported")
        {
            // Nobody can use it; whoever asks for it to go is right.
        }

        await store.DeleteAsync(ObjectKeys.Manifest(manifest?.Name ?? image.Name, manifest?.Version ?? image.Version), cancellationToken).ConfigureAwait(false);
        return manifest;
    }

    /// <summary>Reads the index a manifest names.</summary>
    /// <exception cref="StoreException"><c>ObjectMissing</c>, <c>IndexCorrupt</c>, <c>ManifestCorrupt</c>, and what the store gives.</exception>
    public static async Task<ImageIndex> ReadIndexAsync(IObjectSource source, Manifest manifest, CancellationToken cancellationToken)
    {
        using SpooledObject bytes = await SpooledObject.ReadAsync(source, manifest.Index, manifest.IndexSize, cancellationToken).ConfigureAwait(false);
        return CheckIndex(bytes, manifest);
    }

    /// <summary>Keys of the packs that the index of a manifest lists, read from its begin alone.</summary>
    /// <exception cref="StoreException"><c>ObjectMissing</c>, <c>IndexCorrupt</c>, and what the store gives.</exception>
    public static async Task<IReadOnlySet<string>> ReadPackKeysAsync(IObjectSource source, Manifest manifest, CancellationToken cancellationToken)
    {
        try
        {
            byte[][] packs = await IndexReader.ReadPacksAsync(source, manifest.Index, manifest.IndexSize, cancellationToken).ConfigureAwait(false);
            return packs.Select(static pack => ObjectKeys.Pack(pack)).ToHashSet(StringComparer.Ordinal);
        }
        catch (FormatException malformed)
        {
            throw new StoreException("IndexCorrupt", manifest.Index, $"The index {manifest.Index} cannot be read: {malformed.Message}.", malformed);
        }
    }

    /// <summary>Reads the bytes of the index a manifest names.</summary>
    internal static ImageIndex CheckIndex(SpooledObject bytes, Manifest manifest)
    {
        ImageIndex index = ImageIndex.Parse(bytes, manifest.Index);
        if (index.ImageId.ToString() != manifest.ImageId || index.VirtualSize != manifest.VirtualSize)
            throw new StoreException("ManifestCorrupt", manifest.Reference.ToString(), $"The manifest of {manifest.Reference} contradicts its index.");
        return index;
    }

    /// <summary>Leaves copies of all manifests in the store, for those who list it for the first time, when there are many that have none. Call it after a listing of all.</summary>
    internal Task ShareAsync(CancellationToken cancellationToken) => copies.ShareAsync(cancellationToken);

    internal async Task<Manifest?> TryReadAsync(string key, CancellationToken cancellationToken) =>
        await TryReadBytesAsync(key, cancellationToken).ConfigureAwait(false) is { } json ? Manifest.Parse(json, key) : null;

    private async Task<byte[]?> TryReadBytesAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAllAsync(key, FormatLimits.LongestDocument, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException gone) when (gone.Id == "ObjectMissing")
        {
            return null;   // removed between the listing and the reading
        }
        catch (StoreException oversized) when (oversized.Id == "StoreFormatNotSupported")
        {
            throw new StoreException("ManifestCorrupt", key, $"The manifest {key} is longer than {FormatLimits.LongestDocument} bytes.", oversized);
        }
    }

    // What this user's cache has is read while the store lists.
    private async Task<List<StoredObject>> ListObjectsAsync(CancellationToken cancellationToken)
    {
        Task opening = Task.Run(() => copies.OpenAsync(cancellationToken), CancellationToken.None);
        try
        {
            var listed = new List<StoredObject>();
            await foreach (StoredObject found in store.ListAsync(ObjectKeys.ImagePrefix, cancellationToken).ConfigureAwait(false))
                listed.Add(found);
            await opening.ConfigureAwait(false);
            return listed;
        }
        finally
        {
            await opening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Null: all fit.
    private static Regex? Wildcard(string pattern) => pattern == "*"
        ? null
        : new(@"\A" + Regex.Escape(pattern).Replace(@"\*", ".*").Replace(@"\?", ".") + @"\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
}
