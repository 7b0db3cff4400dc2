using System.Buffers.Binary;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Format;

/// <summary>Writes an index object section by section, so that a large one is never whole in memory, as <see cref="IndexReader"/> reads it. Store format, "Index".</summary>
internal sealed class IndexWriter : IDisposable
{
    private const int SectionHead = 8;

    private readonly ZstdCodec zstd = new();
    private readonly byte[] stored = new byte[SectionHead + ZstdCodec.CompressBound(FormatLimits.LongestSection)];
    private readonly ByteWriter section = new();
    private readonly SpooledObject destination;
    private long chunkEnd;
    private int chunkFrame;

    /// <param name="destination">Gets the object.</param>
    /// <param name="virtualSize">Size of the disk.</param>
    /// <param name="profile">How it was cut.</param>
    /// <param name="packs">Digests of all packs that its frames lie in.</param>
    /// <param name="frames">All its frames, by pack and place.</param>
    /// <param name="chunkCount">How many chunks will be written.</param>
    public IndexWriter(SpooledObject destination, long virtualSize, ChunkingProfile profile, IReadOnlyList<byte[]> packs, ReadOnlySpan<PackFrame> frames, int chunkCount)
    {
        this.destination = destination;
        section.Bytes(IndexReader.Head);
        section.Int64(virtualSize);
        section.UInt32((uint)profile.MinimumLength);
        section.UInt32((uint)profile.AverageLength);
        section.UInt32((uint)profile.MaximumLength);
        section.UInt32((uint)packs.Count);
        section.UInt32((uint)frames.Length);
        section.UInt32((uint)chunkCount);
        destination.Append(section.Written.Span);
        section.Clear();
        WritePacks(packs);
        WriteFrames(frames);
    }

    /// <summary>Writes a section of chunks, the next ones of the disk. All sections but the last hold <see cref="FormatLimits.SectionRows"/>.</summary>
    public void WriteChunks(ReadOnlySpan<IndexedChunk> chunks)
    {
        // In columns, since like compresses well beside like.
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
        WriteSection();
    }

    public void Dispose() => zstd.Dispose();

    private void WritePacks(IReadOnlyList<byte[]> packs)
    {
        for (int first = 0; first < packs.Count; first += FormatLimits.SectionRows)
        {
            for (int p = first; p < Math.Min(packs.Count, first + FormatLimits.SectionRows); p++)
                section.Bytes(packs[p]);
            WriteSection();
        }
    }

    private void WriteFrames(ReadOnlySpan<PackFrame> frames)
    {
        int pack = 0;
        int end = PackFooter.Header.Length;
        for (int first = 0; first < frames.Length; first += FormatLimits.SectionRows)
        {
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

            WriteSection();
        }
    }

    private void WriteSection()
    {
        int length = zstd.Compress(section.Written.Span, stored.AsSpan(SectionHead));
        BinaryPrimitives.WriteInt32LittleEndian(stored, section.Length);
        BinaryPrimitives.WriteInt32LittleEndian(stored.AsSpan(4), length);
        destination.Append(stored.AsSpan(0, SectionHead + length));
        section.Clear();
    }
}
