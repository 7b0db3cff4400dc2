using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Repair;

/// <summary>What is still good in a damaged pack.</summary>
internal sealed class PackSalvage(IObjectStore store)
{
    private readonly PackReading reading = new(store);

    /// <summary>Gives those chunks of an image that lie in a damaged pack and are good.</summary>
    public async Task ReadAsync(ImageIndex index, int pack, IReadOnlyList<int> chunks, ChunkContent take, CancellationToken cancellationToken)
    {
        string key = index.PackKey(pack);
        if (await store.StatAsync(key, cancellationToken).ConfigureAwait(false) is not { } stored || stored.Length > FormatLimits.LongestPack)
            return;
        using WholePack whole = await reading.ReadAnyAsync(key, stored.Length, cancellationToken).ConfigureAwait(false);
        byte[] content = new byte[FormatLimits.LongestFrame];
        using var zstd = new ZstdCodec();
        int decoded = -1;
        foreach (int row in chunks)
        {
            IndexedChunk chunk = index.Chunks[row];
            PackFrame frame = index.Frames[chunk.Frame];
            if (frame.Offset + frame.StoredLength > whole.Content.Length)
                continue;
            if (decoded != chunk.Frame)
                decoded = frame.TryDecode(zstd, whole.Content.Span.Slice(frame.Offset, frame.StoredLength), content.AsSpan(0, frame.ContentLength)) ? chunk.Frame : -1;
            if (decoded == chunk.Frame)
                await take(row, content.AsMemory(chunk.OffsetInFrame, chunk.Length)).ConfigureAwait(false);
        }
    }
}
