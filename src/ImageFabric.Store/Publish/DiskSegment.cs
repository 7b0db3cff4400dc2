using ImageFabric.Store.Format;

namespace ImageFabric.Store.Publish;

/// <summary>A chunk as it was cut: its place on the disk and in the segment's buffer.</summary>
internal readonly record struct CutChunk(long Offset, int Start, int Length);

/// <summary>Some whole chunks of a disk that follow one another, with their content in one buffer of a pool.</summary>
internal sealed class DiskSegment : IDisposable
{
    private readonly BufferPool pool;
    private byte[] buffer;

    public DiskSegment(BufferPool pool, byte[] buffer, List<CutChunk> chunks, long bytesRead)
    {
        this.pool = pool;
        this.buffer = buffer;
        Chunks = chunks;
        BytesRead = bytesRead;
        Digests = new ChunkDigest[chunks.Count];
    }

    public List<CutChunk> Chunks { get; }

    /// <summary>One for each chunk, once <see cref="Hash"/> ran.</summary>
    public ChunkDigest[] Digests { get; }

    /// <summary>Bytes of the disk that were read for it, zero blocks included.</summary>
    public long BytesRead { get; }

    public ReadOnlySpan<byte> Content(int chunk) => buffer.AsSpan(Chunks[chunk].Start, Chunks[chunk].Length);

    public DiskSegment Hash()
    {
        for (int c = 0; c < Digests.Length; c++)
            Digests[c] = ChunkDigest.Of(Content(c));
        return this;
    }

    public void Dispose()
    {
        if (buffer.Length > 0)
            pool.Return(buffer);
        buffer = [];
    }
}
