using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Verify;

/// <summary>
/// Reads packs whole and holds them to the digest in their name, and every chunk in them to its own. What was found good lately is remembered with
/// what the pack says of itself, and what was found damaged for good. Used from several threads at once.
/// </summary>
internal sealed class PackInspector(IObjectStore store)
{
    /// <summary>Packs that are remembered: 16 GB of data, whose descriptions take about 100 MB.</summary>
    private const int Remembered = 1024;

    private readonly Lock gate = new();
    private readonly PackReading reading = new(store);
    private readonly BufferPool frameBuffers = new(FormatLimits.LongestFrame);
    private readonly Dictionary<string, PackFooter> good = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();
    private readonly Dictionary<string, ObjectDamage> damaged = new(StringComparer.Ordinal);
    private long bytesRead;

    /// <summary>Bytes of packs read so far.</summary>
    public long BytesRead => Interlocked.Read(ref bytesRead);

    /// <summary>Looks at a pack.</summary>
    /// <returns>What it says of itself, or what is wrong with it.</returns>
    /// <exception cref="StoreException">What the store gives when it cannot be read at all.</exception>
    public async Task<(PackFooter? Footer, ObjectDamage? Damage)> InspectAsync(string key, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (damaged.TryGetValue(key, out ObjectDamage? known))
                return (null, known);
            if (good.TryGetValue(key, out PackFooter? footer))
                return (footer, null);
        }

        (PackFooter? found, ObjectDamage? damage) = await ReadAsync(key, cancellationToken).ConfigureAwait(false);
        lock (gate)
        {
            if (damage is not null)
                damaged[key] = damage;
            else if (good.TryAdd(key, found!))
                order.Enqueue(key);
            if (order.Count > Remembered)
                good.Remove(order.Dequeue());
        }

        return (found, damage);
    }

    private async Task<(PackFooter? Footer, ObjectDamage? Damage)> ReadAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            if (await store.StatAsync(key, cancellationToken).ConfigureAwait(false) is not { } stored)
                return (null, new ObjectDamage(key, "ObjectMissing", $"The store has no object {key}."));
            using WholePack pack = await reading.ReadAsync(key, stored.Length, cancellationToken).ConfigureAwait(false);
            Interlocked.Add(ref bytesRead, stored.Length);
            return pack.TryReadFooter() is { } footer && Holds(pack, footer)
                ? (footer, null)
                : (null, new ObjectDamage(key, "PackCorrupt", $"The pack {key} is not what it says of itself."));
        }
        catch (StoreException damage) when (damage.Id is "PackCorrupt" or "ObjectMissing")
        {
            return (null, new ObjectDamage(key, damage.Id, damage.Message));
        }
    }

    private bool Holds(WholePack pack, PackFooter footer)
    {
        byte[] content = frameBuffers.Rent();
        using var zstd = new ZstdCodec();
        int chunk = 0;
        bool whole = true;
        for (int f = 0; f < footer.Frames.Count && whole; f++)
        {
            PackFrame frame = footer.Frames[f];
            whole = frame.TryDecode(zstd, pack.Content.Span.Slice(frame.Offset, frame.StoredLength), content.AsSpan(0, frame.ContentLength));
            for (; chunk < footer.Chunks.Count && footer.Chunks[chunk].Frame == f && whole; chunk++)
                whole = ChunkDigest.Of(content.AsSpan(footer.Chunks[chunk].OffsetInFrame, footer.Chunks[chunk].Length)).Equals(footer.Chunks[chunk].Digest);
        }

        frameBuffers.Return(content);
        return whole;
    }
}
