using System.Buffers.Binary;
using System.Security.Cryptography;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Format;

/// <summary>A chunk as a pack's footer lists it.</summary>
internal readonly record struct PackChunk(int Frame, int OffsetInFrame, int Length, ChunkDigest Digest);

/// <summary>
/// What a pack says of itself, at its end: its frames and their chunks, then a trailer of <see cref="TrailerLength"/> bytes with the footer's
/// length and SHA-256. Store format, "Pack".
/// </summary>
internal sealed record PackFooter(IReadOnlyList<PackFrame> Frames, IReadOnlyList<PackChunk> Chunks)
{
    public const int TrailerLength = 4 + 32 + 8;

    /// <summary>Bytes without a meaning, at most <see cref="FormatLimits.LongestSalt"/>, that give a pack another name than the same frames had before.</summary>
    public byte[] Salt { get; init; } = [];

    private static ReadOnlySpan<byte> Magic => "IFPACKE1"u8;

    /// <summary>The first bytes of every pack.</summary>
    public static ReadOnlySpan<byte> Header => "IFPACKB1"u8;

    /// <summary>Footer and trailer as bytes.</summary>
    public byte[] Serialize()
    {
        var writer = new ByteWriter();
        Write(writer);
        return writer.Written.ToArray();
    }

    /// <summary>Writes footer and trailer.</summary>
    /// <param name="writer">An empty one.</param>
    public void Write(ByteWriter writer)
    {
        writer.Varint(Frames.Count);
        int chunk = 0;
        for (int f = 0; f < Frames.Count; f++)
        {
            int first = chunk;
            while (chunk < Chunks.Count && Chunks[chunk].Frame == f)
                chunk++;
            writer.Varint(Frames[f].StoredLength);
            writer.Varint(Frames[f].ContentLength);
            writer.Varint((long)Frames[f].Codec);
            writer.Varint(chunk - first);
            for (int c = first; c < chunk; c++)
            {
                writer.Varint(Chunks[c].Length);
                writer.Digest(Chunks[c].Digest);
            }
        }

        writer.Bytes(Salt);
        Span<byte> trailer = stackalloc byte[TrailerLength];
        BinaryPrimitives.WriteInt32LittleEndian(trailer, writer.Length);
        SHA256.HashData(writer.Written.Span, trailer[4..]);
        Magic.CopyTo(trailer[36..]);
        writer.Bytes(trailer);
    }

    /// <summary>The length of the footer that a trailer announces, or -1 when it is none.</summary>
    public static int LengthFromTrailer(ReadOnlySpan<byte> trailer, long packLength)
    {
        if (!trailer[36..].SequenceEqual(Magic))
            return -1;
        int length = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        return length > 0 && length <= packLength - TrailerLength - Header.Length ? length : -1;
    }

    /// <summary>Reads footer and trailer of a pack.</summary>
    /// <exception cref="FormatException">They are not what the format says.</exception>
    public static PackFooter Parse(ReadOnlySpan<byte> footerAndTrailer, long packLength)
    {
        ReadOnlySpan<byte> footer = footerAndTrailer[..^TrailerLength];
        if (!SHA256.HashData(footer).AsSpan().SequenceEqual(footerAndTrailer[^TrailerLength..].Slice(4, 32)))
            throw new FormatException("its footer does not match its digest");
        var reader = new ByteReader(footer);
        int frameCount = reader.Number(footer.Length);
        var frames = new List<PackFrame>();
        var chunks = new List<PackChunk>();
        int offset = Header.Length;
        for (int f = 0; f < frameCount; f++)
        {
            var frame = new PackFrame(0, offset, reader.Number(FormatLimits.LongestFrame), reader.Number(FormatLimits.LongestFrame), (FrameCodec)reader.Number(1));
            int chunkCount = reader.Number(footer.Length);
            int inFrame = 0;
            for (int c = 0; c < chunkCount; c++)
            {
                int length = reader.Number(frame.ContentLength - inFrame);
                chunks.Add(new PackChunk(f, inFrame, length, new ChunkDigest(reader.Take(ChunkDigest.Length))));
                inFrame += length;
            }

            if (inFrame != frame.ContentLength)
                throw new FormatException("a frame's chunks do not fill it");
            frames.Add(frame);
            offset += frame.StoredLength;
        }

        if (reader.Remaining > FormatLimits.LongestSalt || offset != packLength - footerAndTrailer.Length)
            throw new FormatException("its footer contradicts its length");
        return new PackFooter(frames, chunks);
    }

    /// <summary>Reads what a pack in a store says of itself. Null for what is not a whole pack, or is there no more.</summary>
    /// <exception cref="StoreException">What the source gives.</exception>
    public static async Task<PackFooter?> TryReadAsync(IObjectSource source, string key, long packLength, CancellationToken cancellationToken)
    {
        if (packLength < Header.Length + TrailerLength || packLength > FormatLimits.LongestPack)
            return null;
        try
        {
            byte[] trailer = new byte[TrailerLength];
            await source.ReadRangeAsync(key, packLength - trailer.Length, trailer, cancellationToken).ConfigureAwait(false);
            int length = LengthFromTrailer(trailer, packLength);
            if (length < 0)
                return null;
            byte[] footer = new byte[length + trailer.Length];
            await source.ReadRangeAsync(key, packLength - footer.Length, footer, cancellationToken).ConfigureAwait(false);
            return Parse(footer, packLength);
        }
        catch (FormatException)
        {
            return null;
        }
        catch (StoreException gone) when (gone.Id == "ObjectMissing")
        {
            return null;
        }
    }
}
