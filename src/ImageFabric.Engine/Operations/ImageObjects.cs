using ImageFabric.Protocol;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Deltas;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Operations;

/// <summary>The objects of one image: its index, the packs that the index lists, and the deltas that lead to it. The packs are read when the first is asked for.</summary>
internal sealed class ImageObjects(IObjectStore store, Manifest manifest, IReadOnlyList<ImageDelta> deltas)
{
    private readonly HashSet<string> deltaKeys = [.. deltas.Select(delta => StoredDeltas.KeyOf(delta.From, manifest.ImageId)).OfType<string>()];
    private IReadOnlySet<string>? packs;

    /// <summary>True for an object of the image.</summary>
    /// <exception cref="Store.StoreException"><c>IndexCorrupt</c>, and what the store gives.</exception>
    public async Task<bool> ContainAsync(string key, CancellationToken cancellationToken)
    {
        if (key == manifest.Index || deltaKeys.Contains(key))
            return true;
        packs ??= await ImageCatalog.ReadPackKeysAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        return packs.Contains(key);
    }
}
