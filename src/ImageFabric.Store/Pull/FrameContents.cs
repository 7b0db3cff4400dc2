using System.Collections.Concurrent;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Pull;

/// <summary>Takes a frame whose chunks were all checked: as it was stored, and its content.</summary>
internal delegate ValueTask CheckedFrame(int frame, ReadOnlyMemory<byte> stored, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

/// <summary>Decodes frames of an image and checks every chunk in them that the image uses, whoever they came from. Used from many threads at once.</summary>
internal sealed class FrameContents : IDisposable
{
    private readonly ImageIndex index;
    private readonly int[] rows;
    private readonly int[] rowStart;
    private readonly ConcurrentBag<ZstdCodec> codecs = [];
    private readonly BufferPool buffers = new(FormatLimits.LongestFrame);

    public FrameContents(ImageIndex index)
    {
        this.index = index;
        // The chunks of each frame: rows[rowStart[f]..rowStart[f + 1]].
        rowStart = new int[index.Frames.Length + 1];
        foreach (ref readonly IndexedChunk chunk in index.Chunks)
            rowStart[chunk.Frame + 1]++;
        for (int f = 0; f < index.Frames.Length; f++)
            rowStart[f + 1] += rowStart[f];
        int[] next = rowStart[..^1];
        rows = new int[index.Chunks.Length];
        int row = 0;
        foreach (ref readonly IndexedChunk chunk in index.Chunks)
            rows[next[chunk.Frame]++] = row++;
    }

    /// <summary>The chunks that lie in a frame.</summary>
    public ReadOnlySpan<int> ChunksOf(int frame) => rows.AsSpan(rowStart[frame]..rowStart[frame + 1]);

    /// <summary>Decodes a frame and, when all its chunks are right, hands it on.</summary>
    /// <param name="frame">Its number.</param>
    /// <param name="stored">Its bytes.</param>
    /// <param name="codec">How they are stored.</param>
    /// <param name="take">Gets it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>False when they are not what the index promises; then nothing was handed on.</returns>
    public async ValueTask<bool> TryTakeAsync(int frame, ReadOnlyMemory<byte> stored, FrameCodec codec, CheckedFrame take, CancellationToken cancellationToken)
    {
        byte[] content = buffers.Rent();
        try
        {
            if (!TryDecode(frame, stored.Span, codec, content))
                return false;
            await take(frame, stored, content.AsMemory(0, index.Frames[frame].ContentLength), cancellationToken).ConfigureAwait(false);
            return true;
        }
        finally
        {
            buffers.Return(content);
        }
    }

    public void Dispose()
    {
        while (codecs.TryTake(out ZstdCodec? codec))
            codec.Dispose();
    }

    private bool TryDecode(int frameNumber, ReadOnlySpan<byte> stored, FrameCodec storedAs, byte[] buffer)
    {
        PackFrame frame = index.Frames[frameNumber] with { StoredLength = stored.Length, Codec = storedAs };
        Span<byte> content = buffer.AsSpan(0, frame.ContentLength);
        if (!codecs.TryTake(out ZstdCodec? codec))
            codec = new ZstdCodec();
        bool decoded = frame.TryDecode(codec, stored, content);
        codecs.Add(codec);
        if (!decoded)
            return false;
        int checkedAt = -1;
        foreach (int row in ChunksOf(frameNumber))
        {
            IndexedChunk chunk = index.Chunks[row];
            // The same chunk at several places of the disk needs one look.
            if (chunk.OffsetInFrame == checkedAt)
                continue;
            checkedAt = chunk.OffsetInFrame;
            if (!ChunkDigest.Of(content.Slice(chunk.OffsetInFrame, chunk.Length)).Equals(chunk.Digest))
                return false;
        }

        return true;
    }
}
