using System.Security.Cryptography;
using System.Text;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Catalog;

/// <summary>
/// Where manifests are found without reading each: the bundle in this user's cache, and the one that a publisher left in the store for those who come
/// for the first time. A listing of the store decides what counts.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="directory">The user's cache. Null: there is none.</param>
internal sealed class ManifestCopies(IObjectStore store, string? directory)
{
    // Fewer manifests are read one by one about as soon.
    private const int WorthABundle = 64;

    private readonly string? path = directory is null
        ? null
        : Path.Combine(directory, "manifests", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(store.Location))));

    private ManifestBundle bundle = new();

    /// <summary>Reads what the user's cache has.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        byte[]? bytes = path is null ? null : await CacheFile.TryReadAsync(path, cancellationToken).ConfigureAwait(false);
        bundle = bytes is null ? new ManifestBundle() : ManifestBundle.Parse(bytes);
    }

    /// <summary>Finds copies for a listing, once it is open.</summary>
    /// <returns>For each object its copy, or null where it must be read.</returns>
    public async Task<byte[]?[]> FindAsync(IReadOnlyList<StoredObject> listed, CancellationToken cancellationToken)
    {
        byte[]?[] found = [.. listed.Select(o => bundle.TryFind(o, out byte[] json) ? json : null)];
        if (found.Count(f => f is null) < WorthABundle || listed.All(o => o.Tag is null) || await ReadSharedAsync(cancellationToken).ConfigureAwait(false) is not { } shared)
            return found;
        for (int i = 0; i < found.Length; i++)
        {
            if (found[i] is null && shared.TryFind(listed[i], out byte[] json))
                found[i] = json;
        }

        return found;
    }

    /// <summary>Keeps what was read for the next time, and forgets what is not listed any more.</summary>
    public async Task KeepAsync(IReadOnlyList<StoredObject> listed, IReadOnlyList<byte[]?> manifests, CancellationToken cancellationToken)
    {
        var kept = new ManifestBundle();
        bool changed = false;
        for (int i = 0; i < listed.Count; i++)
        {
            bool known = bundle.TryFind(listed[i], out byte[] json);
            if ((manifests[i] ?? (known ? json : null)) is { } copy)
                kept.Add(listed[i], copy);
            changed |= !known && manifests[i] is not null;
        }

        changed |= kept.Count != bundle.Count;
        bundle = kept;
        if (changed && path is not null && bundle.Serialize() is { } bytes)
            await CacheFile.TryWriteAsync(path, (file, stop) => file.WriteAsync(bytes, stop).AsTask(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Leaves a bundle in the store when the one there lacks many manifests, or has many that went. Where the store does not let it, others list more slowly.</summary>
    public async Task ShareAsync(CancellationToken cancellationToken)
    {
        if (bundle.Count < WorthABundle)
            return;
        try
        {
            await PutSharedAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException refused) when (refused.Id == "StoreAccessDenied")
        {
            return;
        }
    }

    private async Task PutSharedAsync(CancellationToken cancellationToken)
    {
        List<StoredObject> there = await ListSharedAsync(cancellationToken).ConfigureAwait(false);
        int shared = there.Select(o => ObjectKeys.BundleCount(o.Key)).DefaultIfEmpty(0).Max();
        if (Math.Abs(bundle.Count - shared) < Math.Max(WorthABundle, bundle.Count / 8) || bundle.Serialize() is not { } bytes)
            return;
        string key = ObjectKeys.Bundle(bundle.Count, SHA256.HashData(bytes));
        await store.PutAsync(key, bytes, PutMode.Replace, cancellationToken).ConfigureAwait(false);
        foreach (StoredObject old in there.Where(o => o.Key != key))
            await store.DeleteAsync(old.Key, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ManifestBundle?> ReadSharedAsync(CancellationToken cancellationToken)
    {
        StoredObject? newest = (await ListSharedAsync(cancellationToken).ConfigureAwait(false)).MaxBy(o => o.LastModified);
        if (newest is null || newest.Length > ManifestBundle.LongestContent)
            return null;
        try
        {
            byte[] bytes = await store.ReadAllAsync(newest.Key, ManifestBundle.LongestContent, cancellationToken).ConfigureAwait(false);
            return ObjectKeys.Bundle(ObjectKeys.BundleCount(newest.Key), SHA256.HashData(bytes)) == newest.Key ? ManifestBundle.Parse(bytes) : null;
        }
        catch (StoreException unusable) when (DocumentDamage.IsOf(unusable))
        {
            return null;   // another publisher put a newer one in its place, or it is no bundle
        }
    }

    private async Task<List<StoredObject>> ListSharedAsync(CancellationToken cancellationToken)
    {
        var there = new List<StoredObject>();
        await foreach (StoredObject one in store.ListAsync(ObjectKeys.BundlePrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectKeys.BundleCount(one.Key) >= 0)
                there.Add(one);
        }

        return there;
    }
}
