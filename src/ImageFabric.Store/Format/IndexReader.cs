using ImageFabric.Disks.Compression;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Format;

/// <summary>
/// Reads an index object section by section, so that a large one is never whole in memory, and checks all of it: chunks ascend and lie within the
/// disk, frames lie within packs, every chunk lies within its frame. Store format, "Index".
/// </summary>
internal sealed class IndexReader : IDisposable
{
    /// <summary>So many bytes of pack and frame rows are allowed of however short an index.</summary>
    private const int SmallIndex = 1024 * 1024;

    private const int HeadLength = 8 + 8 + (6 * 4);

    private static readonly int LongestStoredSection = ZstdCodec.CompressBound(FormatLimits.LongestSection);

    private readonly Stream source;
    private readonly ZstdCodec zstd = new();
    private readonly IndexedChunk[] section;
    private readonly long[] gaps;
    private readonly int[] lengths;
    private readonly int[] frameNumbers;
    private readonly int[] framePlaces;
    private byte[] stored = [];
    private byte[] content = [];
    private int chunksLeft;
    private long chunkEnd;
    private long chunkFrame;

    /// <summary>Reads all but the chunks.</summary>
    /// <param name="source">The object from its first byte.</param>
    /// <param name="length">Bytes of the object.</param>
    /// <exception cref="FormatException">It is not what the format says.</exception>
    public IndexReader(Stream source, long length)
        : this(source, length, packsAlone: false)
    {
    }

    private IndexReader(Stream source, long length, bool packsAlone)
    {
        this.source = source;
        try
        {
            Span<byte> head = stackalloc byte[HeadLength];
            Fill(head);
            var reader = new ByteReader(head);
            if (!reader.Take(Head.Length).SequenceEqual(Head))
                throw new FormatException("it does not begin as an index of format version 1");
            VirtualSize = reader.Int64();
            Profile = new ChunkingProfile((int)reader.UInt32(), (int)reader.UInt32(), (int)reader.UInt32());
            uint packCount = reader.UInt32();
            uint frameCount = reader.UInt32();
            uint chunkCount = reader.UInt32();
            if (VirtualSize <= 0 || VirtualSize > FormatLimits.LargestDisk || !Profile.IsValid)
                throw new FormatException("its disk size or chunk lengths are out of bounds");

            // Digests do not compress: each pack has one, and each frame holds a chunk that no frame before it has. Four times that, and a little for the
            // smallest, is what a count may make us allocate. Chunks are read section by section, and a disk has no more of them than blocks.
            if (((long)packCount + frameCount) * ChunkDigest.Length > (4 * length) + SmallIndex || packCount > frameCount || frameCount > chunkCount || chunkCount > int.MaxValue ||
                chunkCount * 36L > 64 * length || chunkCount > ((VirtualSize - 1) / ChunkingProfile.BlockLength) + 1)
                throw new FormatException("its counts do not fit its length");
            Packs = ReadPacks((int)packCount);
            Frames = packsAlone ? [] : ReadFrames((int)frameCount);
            ChunkCount = chunksLeft = (int)chunkCount;
            int rows = packsAlone ? 0 : Math.Min(ChunkCount, FormatLimits.SectionRows);
            (section, gaps, lengths, frameNumbers, framePlaces) = (new IndexedChunk[rows], new long[rows], new int[rows], new int[rows], new int[rows]);
        }
        catch
        {
            zstd.Dispose();
            throw;
        }
    }

    /// <summary>Digests of the packs that an index lists, read from its begin alone. Whether it is the index of its name is not known then.</summary>
    /// <exception cref="FormatException">It is not what the format says.</exception>
    /// <exception cref="StoreException">What the source gives.</exception>
    public static async Task<byte[][]> ReadPacksAsync(IObjectSource source, string key, long length, CancellationToken cancellationToken)
    {
        byte[] head = new byte[Math.Min(length, HeadLength)];
        await source.ReadRangeAsync(key, 0, head, cancellationToken).ConfigureAwait(false);
        if (head.Length < HeadLength)
            throw new FormatException("it ends too early");
        long packCount = BitConverter.ToUInt32(head, HeadLength - 12);
        long sections = (packCount + FormatLimits.SectionRows - 1) / FormatLimits.SectionRows;
        long stored = sections * (8 + ZstdCodec.CompressBound(FormatLimits.SectionRows * ChunkDigest.Length));
        byte[] begin = new byte[Math.Min(length, HeadLength + Math.Min(stored, (4 * length) + SmallIndex))];
        await source.ReadRangeAsync(key, 0, begin, cancellationToken).ConfigureAwait(false);
        using var reader = new IndexReader(new MemoryStream(begin), length, packsAlone: true);
        return reader.Packs;
    }

    /// <summary>The first bytes of every index.</summary>
    public static ReadOnlySpan<byte> Head => "IFINDEX2"u8;

    /// <summary>Size of the disk in bytes.</summary>
    public long VirtualSize { get; }

    public ChunkingProfile Profile { get; }

    /// <summary>Digests of the packs.</summary>
    public byte[][] Packs { get; }

    /// <summary>The frames, by pack and place.</summary>
    public PackFrame[] Frames { get; }

    public int ChunkCount { get; }

    /// <summary>The next chunks of the disk, good until the next call; none at the end.</summary>
    /// <exception cref="FormatException">They are not what the format says.</exception>
    public ReadOnlySpan<IndexedChunk> NextChunks()
    {
        if (chunksLeft == 0)
        {
            if (source.ReadAtLeast(new byte[FormatLimits.LongestSalt + 1], FormatLimits.LongestSalt + 1, throwOnEndOfStream: false) > FormatLimits.LongestSalt)
                throw new FormatException("it has bytes behind its end");
            return [];
        }

        int count = Math.Min(chunksLeft, FormatLimits.SectionRows);
        chunksLeft -= count;
        var body = new ByteReader(NextSection());
        for (int c = 0; c < count; c++)
            gaps[c] = body.Varint();
        for (int c = 0; c < count; c++)
            lengths[c] = body.Number(Profile.MaximumLength / ChunkingProfile.BlockLength);
        for (int c = 0; c < count; c++)
        {
            chunkFrame += body.SignedVarint();
            if (chunkFrame < 0 || chunkFrame >= Frames.Length)
                throw new FormatException("a chunk lies in a frame that is not listed");
            frameNumbers[c] = (int)chunkFrame;
        }

        ReadPlaces(ref body, count);
        for (int c = 0; c < count; c++)
            section[c] = new IndexedChunk(gaps[c], lengths[c], new ChunkDigest(body.Take(ChunkDigest.Length)), frameNumbers[c], framePlaces[c]);
        if (body.Remaining != 0)
            throw new FormatException("a section is longer than its rows");
        return section.AsSpan(0, count);
    }

    public void Dispose() => zstd.Dispose();

    // Turns gaps into offsets and numbers of blocks into lengths on the way.
    private void ReadPlaces(ref ByteReader body, int count)
    {
        int frame = -1;
        int expected = 0;
        for (int c = 0; c < count; c++)
        {
            int blocks = lengths[c];
            if (blocks == 0 || gaps[c] > (VirtualSize - chunkEnd) / ChunkingProfile.BlockLength)
                throw new FormatException("a chunk is empty or lies outside the disk");
            long offset = chunkEnd + (gaps[c] * ChunkingProfile.BlockLength);
            if (offset >= VirtualSize)
                throw new FormatException("a chunk lies outside the disk");
            int length = (int)Math.Min((long)blocks * ChunkingProfile.BlockLength, VirtualSize - offset);
            if (IndexedChunk.RoundUp(length) / ChunkingProfile.BlockLength != blocks)
                throw new FormatException("a chunk lies outside the disk");
            long place = body.SignedVarint() + (frameNumbers[c] == frame ? expected : 0);
            if (place < 0 || place > Frames[frameNumbers[c]].ContentLength - length)
                throw new FormatException("a chunk lies outside its frame");
            (gaps[c], lengths[c], framePlaces[c]) = (offset, length, (int)place);
            chunkEnd = IndexedChunk.RoundUp(offset + length);
            frame = frameNumbers[c];
            expected = (int)place + length;
        }
    }

    private byte[][] ReadPacks(int count)
    {
        byte[][] packs = new byte[count][];
        for (int first = 0; first < count; first += FormatLimits.SectionRows)
        {
            var body = new ByteReader(NextSection());
            for (int p = first; p < Math.Min(count, first + FormatLimits.SectionRows); p++)
                packs[p] = body.Take(32).ToArray();
            if (body.Remaining != 0)
                throw new FormatException("a section is longer than its rows");
        }

        return packs;
    }

    private PackFrame[] ReadFrames(int count)
    {
        var frames = new PackFrame[count];
        int pack = 0;
        int end = PackFooter.Header.Length;
        for (int first = 0; first < count; first += FormatLimits.SectionRows)
        {
            var body = new ByteReader(NextSection());
            for (int f = first; f < Math.Min(count, first + FormatLimits.SectionRows); f++)
            {
                int step = body.Number(Packs.Length);
                pack += step;
                if (pack >= Packs.Length)
                    throw new FormatException("a frame lies in a pack that is not listed");
                if (step > (f == 0 ? 0 : 1))
                    throw new FormatException("it lists a pack without frames");
                if (step > 0)
                    end = PackFooter.Header.Length;
                int offset = end + body.Number(FormatLimits.LongestPack);
                var frame = new PackFrame(pack, offset, body.Number(FormatLimits.LongestFrame), body.Number(FormatLimits.LongestFrame), (FrameCodec)body.Number(1));
                end = offset + frame.StoredLength;
                if (end > FormatLimits.LongestPack || frame.StoredLength == 0 || frame.ContentLength == 0)
                    throw new FormatException("a frame is empty or lies outside its pack");
                frames[f] = frame;
            }

            if (body.Remaining != 0)
                throw new FormatException("a section is longer than its rows");
        }

        if (count > 0 && pack != Packs.Length - 1)
            throw new FormatException("it lists a pack without frames");
        return frames;
    }

    private ReadOnlySpan<byte> NextSection()
    {
        Span<byte> lengths = stackalloc byte[8];
        Fill(lengths);
        var reader = new ByteReader(lengths);
        uint contentLength = reader.UInt32();
        uint storedLength = reader.UInt32();
        if (contentLength > FormatLimits.LongestSection || storedLength > LongestStoredSection)
            throw new FormatException("a section is longer than the format allows");
        if (contentLength > content.Length)
            content = new byte[contentLength];
        if (storedLength > stored.Length)
            stored = new byte[storedLength];
        Fill(stored.AsSpan(0, (int)storedLength));
        if (zstd.Decompress(stored.AsSpan(0, (int)storedLength), content.AsSpan(0, (int)contentLength)) != contentLength)
            throw new FormatException("a section cannot be decompressed");
        return content.AsSpan(0, (int)contentLength);
    }

    private void Fill(Span<byte> destination)
    {
        if (source.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) < destination.Length)
            throw new FormatException("it ends too early");
    }
}
