using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.Repair;

/// <summary>Another store: it gives the very objects where it has them, and otherwise chunks of an image of the same content.</summary>
public sealed class StoreDonor(IObjectStore store) : IRepairDonor
{
    private Dictionary<string, Manifest>? images;

    /// <inheritdoc/>
    public string Name => store.Location;

    /// <inheritdoc/>
    public async Task<SpooledObject?> TryReadObjectAsync(string key, ImageId image, CancellationToken cancellationToken)
    {
        try
        {
            int longest = ObjectKeys.PackDigest(key) is null ? FormatLimits.LongestIndex : FormatLimits.LongestPack;
            return await store.StatAsync(key, cancellationToken).ConfigureAwait(false) is { } stored && stored.Length <= longest
                ? await SpooledObject.ReadAsync(store, key, stored.Length, cancellationToken).ConfigureAwait(false)
                : null;
        }
        catch (StoreException none) when (none.Id is "ObjectMissing" or "StoreFormatNotSupported")
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task ReadChunksAsync(ImageId image, IReadOnlyList<int> chunks, ChunkContent take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        ArgumentNullException.ThrowIfNull(take);
        images ??= (await new ImageCatalog(store).ListAsync(null, static _ => { }, cancellationToken).ConfigureAwait(false)).DistinctBy(static m => m.ImageId).ToDictionary(static m => m.ImageId);
        if (!images.TryGetValue(image.ToString(), out Manifest? manifest))
            return;
        try
        {
            // The same image id means the same chunks in the same order.
            ImageIndex index = await ImageCatalog.ReadIndexAsync(store, manifest, cancellationToken).ConfigureAwait(false);
            using var contents = new FrameContents(index);
            var reads = new FrameReads(store, index, contents);
            var wanted = new HashSet<int>(chunks);
            int[] frames = [.. wanted.Select(chunk => index.Chunks[chunk].Frame).Distinct().Order()];
            await reads.RunAsync(frames, 1, Take, cancellationToken).ConfigureAwait(false);

            async ValueTask Take(int frame, ReadOnlyMemory<byte> stored, ReadOnlyMemory<byte> content, CancellationToken stop)
            {
                for (int i = 0; i < contents.ChunksOf(frame).Length; i++)
                {
                    int row = contents.ChunksOf(frame)[i];
                    if (wanted.Contains(row))
                        await take(row, content.Slice(index.Chunks[row].OffsetInFrame, index.Chunks[row].Length)).ConfigureAwait(false);
                }
            }
        }
        catch (StoreException damaged) when (damaged.Id is "IndexCorrupt" or "ManifestCorrupt" or "PackCorrupt" or "ObjectMissing")
        {
            // What it gave before is good; another donor may have the rest.
        }
    }
}
