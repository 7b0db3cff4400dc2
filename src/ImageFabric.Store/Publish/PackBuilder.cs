using System.Security.Cryptography;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Publish;

/// <summary>A pack that is being filled. Store format, "Pack".</summary>
/// <param name="pool">Where it goes when it is disposed of, to become another pack.</param>
internal sealed class PackBuilder(PackPool pool) : IDisposable
{
    // What a pack usually needs; an unusually long footer gets more.
    private const int BufferLength = FormatLimits.PackLength + FormatLimits.LongestFrame + (64 * 1024);

    // At most, for a frame and for a chunk of the footer.
    private const int FooterBytesPerFrame = 12;
    private const int FooterBytesPerChunk = ChunkDigest.Length + 3;

    private readonly List<PackFrame> frames = [];
    private readonly List<PackChunk> chunks = [];
    private readonly ByteWriter footer = new();
    private byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
    private int used;
    private bool inUse;

    /// <summary>Its number among the known packs.</summary>
    public int Number { get; private set; }

    /// <summary>True when its frames and their footer take a pack's length: with one frame more, all of it still fits into the buffer.</summary>
    public bool IsFull => used + (frames.Count * FooterBytesPerFrame) + (chunks.Count * FooterBytesPerChunk) >= FormatLimits.PackLength;

    /// <summary>Becomes an empty pack.</summary>
    internal void Begin(int number)
    {
        frames.Clear();
        chunks.Clear();
        Number = number;
        PackFooter.Header.CopyTo(buffer);
        used = PackFooter.Header.Length;
        inUse = true;
    }

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
        footer.Clear();
        new PackFooter(frames, chunks) { Salt = salt }.Write(footer);
        if (used + footer.Length > buffer.Length)
        {
            byte[] larger = new byte[used + footer.Length];
            buffer.AsSpan(0, used).CopyTo(larger);
            buffer = larger;
        }

        footer.Written.CopyTo(buffer.AsMemory(used));
        Memory<byte> content = buffer.AsMemory(0, used + footer.Length);
        return (content, SHA256.HashData(content.Span));
    }

    public void Dispose()
    {
        if (inUse && buffer.Length == BufferLength)
            pool.Return(this);
        inUse = false;
    }
}
