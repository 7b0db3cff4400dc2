using System.Buffers.Binary;
using System.Security.Cryptography;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Deltas;

/// <summary>What a delta says of itself, at its end: between which images it leads, its frames, and a trailer of <see cref="TrailerLength"/> bytes. Store format, "Delta".</summary>
/// <param name="From">The image that must be there.</param>
/// <param name="To">The image that it leads to.</param>
/// <param name="Frames">By their place.</param>
internal sealed record DeltaTable(ImageId From, ImageId To, IReadOnlyList<DeltaFrame> Frames)
{
    public const int TrailerLength = 4 + 4 + 32 + 8;

    // A length, and a run each of chunks and of the prefix.
    private const int ShortestFrameRow = 7;

    /// <summary>What a frame takes at most in the table, in bytes.</summary>
    public static int LengthOf(in DeltaFrame frame) => 8 + (8 * (frame.Chunks.Length + frame.Prefix.Length));

    /// <summary>The first bytes of every delta.</summary>
    public static ReadOnlySpan<byte> Header => "IFDELTA1"u8;

    private static ReadOnlySpan<byte> Magic => "IFDELTE1"u8;

    /// <summary>Table and trailer as bytes.</summary>
    public byte[] Serialize()
    {
        var writer = new ByteWriter();
        writer.Bytes(Convert.FromHexString(From.Hex));
        writer.Bytes(Convert.FromHexString(To.Hex));
        writer.Varint(Frames.Count);
        int chunk = 0;
        int prefix = 0;
        foreach (DeltaFrame frame in Frames)
        {
            writer.Varint(frame.StoredLength);
            Write(writer, frame.Chunks, ref chunk);
            Write(writer, frame.Prefix, ref prefix);
        }

        byte[] bytes = new byte[ZstdCodec.CompressBound(writer.Length) + TrailerLength];
        using var zstd = new ZstdCodec();
        int stored = zstd.Compress(writer.Written.Span, bytes);
        Span<byte> trailer = bytes.AsSpan(stored, TrailerLength);
        BinaryPrimitives.WriteInt32LittleEndian(trailer, writer.Length);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[4..], stored);
        SHA256.HashData(writer.Written.Span, trailer[8..]);
        Magic.CopyTo(trailer[40..]);
        return bytes[..(stored + TrailerLength)];
    }

    /// <summary>Reads what a delta in a store says of itself.</summary>
    /// <param name="source">Where it is read from.</param>
    /// <param name="key">Its key.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The table, and how many bytes were read for it.</returns>
    /// <exception cref="FormatException">It is no delta.</exception>
    /// <exception cref="StoreException">What the source gives.</exception>
    public static async Task<(DeltaTable Table, int BytesRead)> ReadAsync(IObjectSource source, string key, long length, CancellationToken cancellationToken)
    {
        if (length < Header.Length + TrailerLength)
            throw new FormatException("it is too short");
        byte[] trailer = new byte[TrailerLength];
        await source.ReadRangeAsync(key, length - trailer.Length, trailer, cancellationToken).ConfigureAwait(false);
        (int contentLength, int storedLength) = Lengths(trailer, length);
        byte[] stored = new byte[storedLength];
        await source.ReadRangeAsync(key, length - trailer.Length - storedLength, stored, cancellationToken).ConfigureAwait(false);
        return (Parse(stored, contentLength, trailer, length), storedLength + trailer.Length);
    }

    private static (int Content, int Stored) Lengths(ReadOnlySpan<byte> trailer, long length)
    {
        int content = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        int stored = BinaryPrimitives.ReadInt32LittleEndian(trailer[4..]);
        if (!trailer[40..].SequenceEqual(Magic) || content is <= 0 or > FormatLimits.LongestDeltaTable || stored <= 0 || stored > ZstdCodec.CompressBound(FormatLimits.LongestDeltaTable) || stored > length - TrailerLength - Header.Length)
            throw new FormatException("its end is no delta's");
        return (content, stored);
    }

    private static DeltaTable Parse(ReadOnlySpan<byte> stored, int contentLength, ReadOnlySpan<byte> trailer, long length)
    {
        byte[] content = new byte[contentLength];
        using var zstd = new ZstdCodec();
        if (zstd.Decompress(stored, content) != contentLength || !SHA256.HashData(content).AsSpan().SequenceEqual(trailer.Slice(8, 32)))
            throw new FormatException("its table does not match its digest");
        var reader = new ByteReader(content);
        var from = ImageId.FromBytes(reader.Take(SHA256.HashSizeInBytes));
        var to = ImageId.FromBytes(reader.Take(SHA256.HashSizeInBytes));
        var frames = new DeltaFrame[reader.Number(contentLength / ShortestFrameRow)];
        long offset = Header.Length;
        int chunk = 0;
        int prefix = 0;
        for (int f = 0; f < frames.Length; f++)
        {
            int frameLength = reader.Number(FormatLimits.LongestFrame);
            frames[f] = new DeltaFrame(offset, frameLength, Read(ref reader, ref chunk), Read(ref reader, ref prefix));
            offset += frameLength;
            if (frameLength == 0)
                throw new FormatException("a frame is empty");
        }

        if (reader.Remaining != 0 || offset != length - stored.Length - trailer.Length)
            throw new FormatException("its table contradicts its length");
        return new DeltaTable(from, to, frames);
    }

    private static void Write(ByteWriter writer, ChunkRun[] runs, ref int end)
    {
        writer.Varint(runs.Length);
        foreach (ChunkRun run in runs)
        {
            writer.SignedVarint((long)run.First - end);
            writer.Varint(run.Count);
            end = run.End;
        }
    }

    private static ChunkRun[] Read(ref ByteReader reader, ref int end)
    {
        var runs = new ChunkRun[reader.Number(Math.Min(FormatLimits.MostDeltaChunks, reader.Remaining))];
        if (runs.Length == 0)
            throw new FormatException("a frame names no chunks");
        int chunks = 0;
        for (int r = 0; r < runs.Length; r++)
        {
            long first = end + reader.SignedVarint();
            int count = reader.Number(FormatLimits.MostDeltaChunks);
            chunks += count;
            if (first < 0 || first + count > int.MaxValue || count == 0 || chunks > FormatLimits.MostDeltaChunks)
                throw new FormatException("a frame names chunks that cannot be");
            runs[r] = new ChunkRun((int)first, count);
            end = runs[r].End;
        }

        return runs;
    }
}
