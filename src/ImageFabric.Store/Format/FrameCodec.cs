using ImageFabric.Disks.Compression;

namespace ImageFabric.Store.Format;

/// <summary>How a frame's content is stored.</summary>
internal enum FrameCodec : byte
{
    /// <summary>As it is.</summary>
    Stored = 0,

    /// <summary>As one Zstandard frame (RFC 8878).</summary>
    Zstd = 1,
}

/// <summary>Where a frame lies and what it holds.</summary>
/// <param name="Pack">Number of its pack in the table at hand.</param>
/// <param name="Offset">Its first byte in the pack.</param>
/// <param name="StoredLength">Its bytes in the pack.</param>
/// <param name="ContentLength">The bytes it holds when decoded.</param>
/// <param name="Codec">How it is stored.</param>
internal readonly record struct PackFrame(int Pack, int Offset, int StoredLength, int ContentLength, FrameCodec Codec)
{
    /// <summary>Decodes it.</summary>
    /// <returns>False when the stored bytes do not hold a frame of this description.</returns>
    public bool TryDecode(ZstdCodec zstd, ReadOnlySpan<byte> stored, Span<byte> content)
    {
        if (stored.Length != StoredLength || content.Length != ContentLength)
            return false;
        if (Codec == FrameCodec.Zstd)
            return zstd.Decompress(stored, content) == ContentLength;
        if (StoredLength != ContentLength)
            return false;
        stored.CopyTo(content);
        return true;
    }
}
