using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Publish;

/// <summary>A frame that is being filled, and then what became of it when it was compressed.</summary>
internal sealed class FrameBuilder(int number, BufferPool pool) : IDisposable
{
    /// <summary>The length of buffer that holds any frame, as it is and compressed.</summary>
    public static readonly int BufferLength = ZstdCodec.CompressBound(FormatLimits.LongestFrame);

    private byte[] content = pool.Rent();
    private byte[] stored = [];

    /// <summary>Its number among the known frames.</summary>
    public int Number => number;

    public List<(int Length, ChunkDigest Digest)> Chunks { get; } = [];

    public int ContentLength { get; private set; }

    public FrameCodec Codec { get; private set; }

    /// <summary>What goes into the pack, once <see cref="Compress"/> ran.</summary>
    public ReadOnlyMemory<byte> Stored { get; private set; }

    public bool HasRoomFor(int length) => ContentLength == 0 || ContentLength + length <= FormatLimits.FrameLength;

    /// <summary>Adds a chunk.</summary>
    /// <returns>Where it lies in the frame.</returns>
    public int Append(ReadOnlySpan<byte> chunk, in ChunkDigest digest)
    {
        int offset = ContentLength;
        chunk.CopyTo(content.AsSpan(offset));
        Chunks.Add((chunk.Length, digest));
        ContentLength += chunk.Length;
        return offset;
    }

    /// <summary>Compresses it, or keeps it as it is where that saves less than a sixteenth.</summary>
    public FrameBuilder Compress(ZstdCodec zstd)
    {
        stored = pool.Rent();
        int length = zstd.Compress(content.AsSpan(0, ContentLength), stored);
        bool smaller = length >= 0 && length < ContentLength - (ContentLength / 16);
        Codec = smaller ? FrameCodec.Zstd : FrameCodec.Stored;
        Stored = smaller ? stored.AsMemory(0, length) : content.AsMemory(0, ContentLength);
        return this;
    }

    public void Dispose()
    {
        if (content.Length > 0)
            pool.Return(content);
        if (stored.Length > 0)
            pool.Return(stored);
        content = stored = [];
        Stored = default;
    }
}
