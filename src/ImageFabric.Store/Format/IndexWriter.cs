using System.Buffers.Binary;
using ImageFabric.Disks.Compression;

namespace ImageFabric.Store.Format;

/// <summary>Writes an index object section by section, as <see cref="IndexReader"/> reads it. Store format, "Index".</summary>
internal sealed class IndexWriter : IDisposable
{
    // A digest does not compress, and the rest of a chunk's row takes 2 to 4 bytes.
    private const int UsualBytesPerChunk = ChunkDigest.Length + 4;

    private readonly ZstdCodec zstd = new();
    private readonly byte[] compressed = new byte[ZstdCodec.CompressBound(FormatLimits.LongestSection)];
    private byte[] result;
    private int used;
    private long chunkEnd;
    private int chunkFrame;

    /// <param name="virtualSize">Size of the disk.</param>
    /// <param name="profile">How it was cut.</param>
    /// <param name="packs">Digests of all packs that its frames lie in.</param>
    /// <param name="frames">All its frames, by pack and place.</param>
    /// <param name="chunkCount">How many chunks will be written.</param>
    public IndexWriter(long virtualSize, ChunkingProfile profile, IReadOnlyList<byte[]> packs, ReadOnlySpan<PackFrame> frames, int chunkCount)
    {
        var head = new ByteWriter();
        head.Bytes(IndexReader.Head);
        head.Int64(virtualSize);
        head.UInt32((uint)profile.MinimumLength);
        head.UInt32((uint)profile.AverageLength);
        head.UInt32((uint)profile.MaximumLength);
        head.UInt32((uint)packs.Count);
        head.UInt32((uint)frames.Length);
        head.UInt32((uint)chunkCount);
        result = new byte[checked((int)(4096 + (packs.Count * 33L) + (frames.Length * 12L) + ((long)chunkCount * UsualBytesPerChunk)))];
        head.Written.Span.CopyTo(result);
        used = head.Length;
        WritePacks(packs);
        WriteFrames(frames);
    }

    /// <summary>Writes a section of chunks, the next ones of the disk. All sections but the last hold <see cref="FormatLimits.SectionRows"/>.</summary>
    public void WriteChunks(ReadOnlySpan<IndexedChunk> chunks)
    {
        // In columns, since like compresses well beside like.
        var section = new ByteWriter();
        foreach (ref readonly IndexedChunk chunk in chunks)
        {
            section.Varint((chunk.Offset - chunkEnd) / ChunkingProfile.BlockLength);
            chunkEnd = IndexedChunk.RoundUp(chunk.End);
        }

        foreach (ref readonly IndexedChunk chunk in chunks)
            section.Varint(IndexedChunk.RoundUp(chunk.Length) / ChunkingProfile.BlockLength);
        foreach (ref readonly IndexedChunk chunk in chunks)
        {
            section.SignedVarint(chunk.Frame - chunkFrame);
            chunkFrame = chunk.Frame;
        }

        int frame = -1;
        int expected = 0;
        foreach (ref readonly IndexedChunk chunk in chunks)
        {
            section.SignedVarint(chunk.OffsetInFrame - (chunk.Frame == frame ? expected : 0));
            frame = chunk.Frame;
            expected = chunk.OffsetInFrame + chunk.Length;
        }

        foreach (ref readonly IndexedChunk chunk in chunks)
            section.Digest(chunk.Digest);
        WriteSection(section);
    }

    /// <summary>The object, once all chunks are written.</summary>
    public ReadOnlyMemory<byte> Written => result.AsMemory(0, used);

    public void Dispose() => zstd.Dispose();

    private void WritePacks(IReadOnlyList<byte[]> packs)
    {
        for (int first = 0; first < packs.Count; first += FormatLimits.SectionRows)
        {
            var section = new ByteWriter();
            for (int p = first; p < Math.Min(packs.Count, first + FormatLimits.SectionRows); p++)
                section.Bytes(packs[p]);
            WriteSection(section);
        }
    }

    private void WriteFrames(ReadOnlySpan<PackFrame> frames)
    {
        int pack = 0;
        int end = PackFooter.Header.Length;
        for (int first = 0; first < frames.Length; first += FormatLimits.SectionRows)
        {
            var section = new ByteWriter();
            foreach (PackFrame frame in frames[first..Math.Min(frames.Length, first + FormatLimits.SectionRows)])
            {
                section.Varint(frame.Pack - pack);
                if (frame.Pack != pack)
                    end = PackFooter.Header.Length;
                section.Varint(frame.Offset - end);
                section.Varint(frame.StoredLength);
                section.Varint(frame.ContentLength);
                section.Varint((long)frame.Codec);
                pack = frame.Pack;
                end = frame.Offset + frame.StoredLength;
            }

            WriteSection(section);
        }
    }

    private void WriteSection(ByteWriter section)
    {
        int stored = zstd.Compress(section.Written.Span, compressed);
        int length = 8 + stored;
        if (result.Length - used < length)
            Array.Resize(ref result, checked(result.Length + Math.Max(length, result.Length / 8)));
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(used), section.Length);
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(used + 4), stored);
        compressed.AsSpan(0, stored).CopyTo(result.AsSpan(used + 8));
        used += length;
    }
}
