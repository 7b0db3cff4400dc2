using System.Security.Cryptography;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Publish;

/// <summary>A pack that is being filled. Store format, "Pack".</summary>
internal sealed class PackBuilder : IDisposable
{
    /// <summary>What a pack usually needs, in bytes; an unusually long footer gets more.</summary>
    public const int BufferLength = FormatLimits.PackLength + FormatLimits.LongestFrame + (64 * 1024);

    // At most, for a frame and for a chunk of the footer.
    private const int FooterBytesPerFrame = 12;
    private const int FooterBytesPerChunk = ChunkDigest.Length + 3;

    private readonly List<PackFrame> frames = [];
    private readonly List<PackChunk> chunks = [];
    private readonly BufferPool pool;
    private byte[] buffer;
    private int used = PackFooter.Header.Length;

    /// <param name="number">Its number among the known packs.</param>
    /// <param name="pool">Where its buffer is from, of at least <see cref="BufferLength"/>.</param>
    public PackBuilder(int number, BufferPool pool)
    {
        Number = number;
        this.pool = pool;
        buffer = pool.Rent();
        PackFooter.Header.CopyTo(buffer);
    }

    public int Number { get; }

    /// <summary>True when its frames and their footer take a pack's length: with one frame more, all of it still fits into the buffer.</summary>
    public bool IsFull => used + (frames.Count * FooterBytesPerFrame) + (chunks.Count * FooterBytesPerChunk) >= FormatLimits.PackLength;

    /// <summary>Adds a compressed frame.</summary>
    /// <returns>Its place.</returns>
    public PackFrame Append(FrameBuilder frame)
    {
        var place = new PackFrame(Number, used, frame.Stored.Length, frame.ContentLength, frame.Codec);
        frame.Stored.Span.CopyTo(buffer.AsSpan(used));
        used += frame.Stored.Length;
        int offset = 0;
        foreach ((int length, ChunkDigest digest) in frame.Chunks)
        {
            chunks.Add(new PackChunk(frames.Count, offset, length, digest));
            offset += length;
        }

        frames.Add(place);
        return place;
    }

    /// <summary>Adds the footer, in place of one that was added before.</summary>
    /// <param name="salt">Gives the pack another name than the same frames had before. Empty: none.</param>
    /// <returns>The whole pack, good until it is disposed of, and its SHA-256.</returns>
    public (ReadOnlyMemory<byte> Content, byte[] Digest) Seal(byte[] salt)
    {
        byte[] footer = new PackFooter(frames, chunks) { Salt = salt }.Serialize();
        if (used + footer.Length > buffer.Length)
        {
            byte[] larger = new byte[used + footer.Length];
            buffer.AsSpan(0, used).CopyTo(larger);
            if (buffer.Length == pool.Length)
                pool.Return(buffer);
            buffer = larger;
        }

        footer.CopyTo(buffer, used);
        Memory<byte> content = buffer.AsMemory(0, used + footer.Length);
        return (content, SHA256.HashData(content.Span));
    }

    public void Dispose()
    {
        if (buffer.Length == pool.Length)
            pool.Return(buffer);
        buffer = [];
    }
}
