using System.Collections.Concurrent;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Pull;

/// <summary>Takes the content of a frame whose chunks were all checked.</summary>
internal delegate ValueTask FrameContent(int frame, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

/// <summary>Reads frames by coalesced range reads, several at once, decodes them and checks every chunk in them that an image uses.</summary>
internal sealed class FrameReads
{
    private const int LongestRead = 4 * 1024 * 1024;

    // Reading over a gap costs less than another request.
    private const int LongestGap = 128 * 1024;

    private readonly IObjectSource source;
    private readonly ImageIndex index;
    private readonly int[] rows;
    private readonly int[] rowStart;
    private readonly ConcurrentBag<ZstdCodec> codecs = [];
    private readonly BufferPool readBuffers = new(LongestRead);
    private readonly BufferPool frameBuffers = new(FormatLimits.LongestFrame);
    private long bytesFetched;

    public FrameReads(IObjectSource source, ImageIndex index)
    {
        this.source = source;
        this.index = index;
        // The chunks of each frame: rows[rowStart[f]..rowStart[f + 1]].
        rowStart = new int[index.Frames.Length + 1];
        foreach (ref readonly IndexedChunk chunk in index.Chunks)
            rowStart[chunk.Frame + 1]++;
        for (int f = 0; f < index.Frames.Length; f++)
            rowStart[f + 1] += rowStart[f];
        int[] next = rowStart[..^1];
        rows = new int[index.Chunks.Length];
        for (int c = 0; c < rows.Length; c++)
            rows[next[index.Chunks[c].Frame]++] = c;
    }

    /// <summary>Bytes that crossed the wire so far.</summary>
    public long BytesFetched => Interlocked.Read(ref bytesFetched);

    /// <summary>The chunks that lie in a frame.</summary>
    public ReadOnlySpan<int> ChunksOf(int frame) => rows.AsSpan(rowStart[frame]..rowStart[frame + 1]);

    /// <summary>Reads frames.</summary>
    /// <param name="frames">Their numbers, ascending.</param>
    /// <param name="parallel">Reads at the same time.</param>
    /// <param name="take">Gets each one, from several threads at once.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException"><c>PackCorrupt</c>, and what the source gives.</exception>
    public async Task RunAsync(IReadOnlyList<int> frames, int parallel, FrameContent take, CancellationToken cancellationToken)
    {
        List<Read> reads = Coalesce(frames);
        if (reads.Count == 0)
            return;
        await source.PrepareAsync([.. reads.Select(r => index.PackKey(r.Pack)).Distinct()], cancellationToken).ConfigureAwait(false);
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(reads, options, (read, stop) => ReadAsync(read, frames, take, stop)).ConfigureAwait(false);
        }
        finally
        {
            foreach (ZstdCodec codec in codecs)
                codec.Dispose();
            codecs.Clear();
        }
    }

    private List<Read> Coalesce(IReadOnlyList<int> frames)
    {
        var reads = new List<Read>();
        for (int i = 0; i < frames.Count; i++)
        {
            PackFrame frame = index.Frames[frames[i]];
            int end = frame.Offset + frame.StoredLength;
            if (reads.Count > 0 && reads[^1] is var last && last.Pack == frame.Pack && frame.Offset - last.End <= LongestGap && end - last.Offset <= LongestRead)
                reads[^1] = last with { End = end, Count = last.Count + 1 };
            else
                reads.Add(new Read(frame.Pack, frame.Offset, end, i, 1));
        }

        return reads;
    }

    private async ValueTask ReadAsync(Read read, IReadOnlyList<int> frames, FrameContent take, CancellationToken cancellationToken)
    {
        byte[] stored = readBuffers.Rent();
        byte[] content = frameBuffers.Rent();
        if (!codecs.TryTake(out ZstdCodec? codec))
            codec = new ZstdCodec();
        try
        {
            await FetchAsync(read.Pack, read.Offset, stored.AsMemory(0, read.End - read.Offset), cancellationToken).ConfigureAwait(false);
            for (int i = read.First; i < read.First + read.Count; i++)
            {
                PackFrame frame = index.Frames[frames[i]];
                Memory<byte> bytes = stored.AsMemory(frame.Offset - read.Offset, frame.StoredLength);
                if (!TryDecode(codec, frames[i], bytes.Span, content))
                {
                    // Perhaps it was damaged on its way: the second look decides.
                    await FetchAsync(read.Pack, frame.Offset, bytes, cancellationToken).ConfigureAwait(false);
                    if (!TryDecode(codec, frames[i], bytes.Span, content))
                        throw new StoreException("PackCorrupt", index.PackKey(read.Pack), $"The pack {index.PackKey(read.Pack)} is damaged in its frame at byte {frame.Offset}.");
                }

                await take(frames[i], content.AsMemory(0, frame.ContentLength), cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            codecs.Add(codec);
            readBuffers.Return(stored);
            frameBuffers.Return(content);
        }
    }

    private async Task FetchAsync(int pack, int offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        await source.ReadRangeAsync(index.PackKey(pack), offset, destination, cancellationToken).ConfigureAwait(false);
        Interlocked.Add(ref bytesFetched, destination.Length);
    }

    private bool TryDecode(ZstdCodec codec, int frameNumber, ReadOnlySpan<byte> stored, byte[] buffer)
    {
        PackFrame frame = index.Frames[frameNumber];
        Span<byte> content = buffer.AsSpan(0, frame.ContentLength);
        if (!frame.TryDecode(codec, stored, content))
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

    private readonly record struct Read(int Pack, int Offset, int End, int First, int Count);
}
