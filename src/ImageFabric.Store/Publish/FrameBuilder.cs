using System.Buffers;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Publish;

/// <summary>A frame that is being filled, and then what became of it when it was compressed.</summary>
internal sealed class FrameBuilder(int number) : IDisposable
{
    private byte[] content = ArrayPool<byte>.Shared.Rent(FormatLimits.FrameLength);
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
        if (ContentLength + chunk.Length > content.Length)
        {
            ArrayPool<byte>.Shared.Return(content);   // empty: one chunk alone may be longer than a frame usually is
            content = ArrayPool<byte>.Shared.Rent(chunk.Length);
        }

        int offset = ContentLength;
        chunk.CopyTo(content.AsSpan(offset));
        Chunks.Add((chunk.Length, digest));
        ContentLength += chunk.Length;
        return offset;
    }

    /// <summary>Compresses it, or keeps it as it is where that saves less than a sixteenth.</summary>
    public FrameBuilder Compress(ZstdCodec zstd)
    {
        stored = ArrayPool<byte>.Shared.Rent(ZstdCodec.CompressBound(ContentLength));
        int length = zstd.Compress(content.AsSpan(0, ContentLength), stored);
        bool smaller = length >= 0 && length < ContentLength - (ContentLength / 16);
        Codec = smaller ? FrameCodec.Zstd : FrameCodec.Stored;
        Stored = smaller ? stored.AsMemory(0, length) : content.AsMemory(0, ContentLength);
        return this;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(content);
        if (stored.Length > 0)
            ArrayPool<byte>.Shared.Return(stored);
        content = stored = [];
        Stored = default;
    }
}
