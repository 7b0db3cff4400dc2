using System.Security.Cryptography;
using ImageFabric.Disks;
using ImageFabric.Disks.Compression;

namespace ImageFabric.Store.Format;

/// <summary>One chunk of an image: where it lies on the disk and where its content is.</summary>
internal readonly record struct IndexedChunk(long Offset, int Length, ChunkDigest Digest, int Frame, int OffsetInFrame);

/// <summary>
/// The list of an image's chunks and the frames and packs that hold them. Store format, "Index". An instance is whole and checked: chunks ascend
/// and lie within the disk, frames lie within packs, every chunk lies within its frame.
/// </summary>
public sealed class ImageIndex
{
    private readonly byte[][] packs;
    private readonly PackFrame[] frames;
    private readonly IndexedChunk[] chunks;

    private ImageIndex(long virtualSize, ChunkingProfile profile, byte[][] packs, PackFrame[] frames, IndexedChunk[] chunks)
    {
        VirtualSize = virtualSize;
        Profile = profile;
        this.packs = packs;
        this.frames = frames;
        this.chunks = chunks;
        using var hasher = new ImageId.Hasher(virtualSize);
        foreach (ref readonly IndexedChunk chunk in chunks.AsSpan())
            hasher.Append(chunk.Offset, chunk.Length, chunk.Digest);
        ImageId = hasher.Finish();
    }

    /// <summary>The image's id, computed from the chunks.</summary>
    public ImageId ImageId { get; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    public long VirtualSize { get; }

    /// <summary>How the disk was cut.</summary>
    public ChunkingProfile Profile { get; }

    /// <summary>Bytes of the disk that are not holes.</summary>
    public long DataSize => chunks.Sum(c => (long)c.Length);

    /// <summary>Bytes of all frames that a host without any seed fetches.</summary>
    public long StoredSize => frames.Sum(f => (long)f.StoredLength);

    internal ReadOnlySpan<IndexedChunk> Chunks => chunks;

    internal ReadOnlySpan<PackFrame> Frames => frames;

    internal int PackCount => packs.Length;

    internal ReadOnlySpan<byte> PackDigest(int pack) => packs[pack];

    internal string PackKey(int pack) => ObjectKeys.Pack(packs[pack]);

    /// <summary>The runs of the disk that hold chunks, touching ones joined, in ascending order.</summary>
    internal List<DiskExtent> DataExtents()
    {
        var extents = new List<DiskExtent>();
        foreach (IndexedChunk chunk in chunks)
        {
            if (extents.Count > 0 && extents[^1].End == chunk.Offset)
                extents[^1] = new DiskExtent(extents[^1].Offset, extents[^1].Length + chunk.Length);
            else
                extents.Add(new DiskExtent(chunk.Offset, chunk.Length));
        }

        return extents;
    }

    /// <summary>Makes an index of chunks in disk order; packs and frames that no chunk uses are left out, and the others sorted by pack and place.</summary>
    internal static ImageIndex Create(long virtualSize, ChunkingProfile profile, IReadOnlyList<byte[]> packs, IReadOnlyList<PackFrame> frames, ReadOnlySpan<IndexedChunk> chunks)
    {
        bool[] frameUsed = new bool[frames.Count];
        foreach (ref readonly IndexedChunk chunk in chunks)
            frameUsed[chunk.Frame] = true;
        int[] order = [.. Enumerable.Range(0, frames.Count).Where(f => frameUsed[f])];
        int[] packNumber = new int[packs.Count];
        Array.Fill(packNumber, -1);
        var usedPacks = new List<byte[]>();
        foreach (int f in order)
        {
            ref int number = ref packNumber[frames[f].Pack];
            if (number >= 0)
                continue;
            number = usedPacks.Count;
            usedPacks.Add(packs[frames[f].Pack]);
        }

        Array.Sort([.. order.Select(f => ((long)packNumber[frames[f].Pack] << 32) | (uint)frames[f].Offset)], order);
        int[] frameNumber = new int[frames.Count];
        var usedFrames = new PackFrame[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            frameNumber[order[i]] = i;
            usedFrames[i] = frames[order[i]] with { Pack = packNumber[frames[order[i]].Pack] };
        }

        var rows = new IndexedChunk[chunks.Length];
        for (int c = 0; c < rows.Length; c++)
            rows[c] = chunks[c] with { Frame = frameNumber[chunks[c].Frame] };
        return new ImageIndex(virtualSize, profile, [.. usedPacks], usedFrames, rows);
    }

    /// <summary>The index as an object of the store.</summary>
    internal byte[] Serialize()
    {
        var body = new ByteWriter();
        body.Int64(VirtualSize);
        body.UInt32((uint)Profile.MinimumLength);
        body.UInt32((uint)Profile.AverageLength);
        body.UInt32((uint)Profile.MaximumLength);
        body.UInt32((uint)packs.Length);
        body.UInt32((uint)frames.Length);
        body.UInt32((uint)chunks.Length);
        foreach (byte[] pack in packs)
            body.Bytes(pack);
        WriteFrames(body);
        WriteChunks(body);

        byte[] buffer = new byte[Head.Length + 4 + ZstdCodec.CompressBound(body.Length)];
        Head.CopyTo(buffer);
        BitConverter.TryWriteBytes(buffer.AsSpan(Head.Length), body.Length);
        using var zstd = new ZstdCodec();
        int stored = zstd.Compress(body.Written.Span, buffer.AsSpan(Head.Length + 4));
        return buffer[..(Head.Length + 4 + stored)];
    }

    /// <summary>Reads an index object and checks all of it.</summary>
    /// <param name="bytes">The object.</param>
    /// <param name="key">Its key in the store, which its SHA-256 must match. Null for a copy whose key is not known.</param>
    /// <exception cref="StoreException"><c>IndexCorrupt</c>.</exception>
    public static ImageIndex Parse(ReadOnlySpan<byte> bytes, string? key)
    {
        string found = ObjectKeys.Index(SHA256.HashData(bytes));
        if (key is not null && found != key)
            throw new StoreException("IndexCorrupt", key, $"The index {key} does not have the content its name promises.");
        try
        {
            return ReadObject(bytes);
        }
        catch (FormatException malformed)
        {
            throw new StoreException("IndexCorrupt", found, $"The index {found} cannot be read: {malformed.Message}.", malformed);
        }
    }

    private static ReadOnlySpan<byte> Head => "IFINDEX1"u8;

    private static ImageIndex ReadObject(ReadOnlySpan<byte> bytes)
    {
        var outer = new ByteReader(bytes);
        if (!outer.Take(Head.Length).SequenceEqual(Head))
            throw new FormatException("it does not begin as an index of format version 1");
        uint length = outer.UInt32();
        // zstd expands at most about 16,000-fold here; an index never does so 64-fold, since digests do not compress.
        if (length > FormatLimits.LongestIndex || length > 64L * bytes.Length)
            throw new FormatException($"a length of {length} bytes is out of bounds");
        byte[] content = new byte[length];
        using var zstd = new ZstdCodec();
        if (zstd.Decompress(outer.Take(outer.Remaining), content) != content.Length)
            throw new FormatException("it cannot be decompressed");

        var body = new ByteReader(content);
        long virtualSize = body.Int64();
        var profile = new ChunkingProfile((int)body.UInt32(), (int)body.UInt32(), (int)body.UInt32());
        uint packCount = body.UInt32();
        uint frameCount = body.UInt32();
        uint chunkCount = body.UInt32();
        if (virtualSize <= 0 || virtualSize > FormatLimits.LargestDisk || !profile.IsValid)
            throw new FormatException("its disk size or chunk lengths are out of bounds");
        // The shortest form of a pack, a frame and a chunk: no count makes us allocate more than a small multiple of what is there.
        if ((packCount * 32L) + (frameCount * 5L) + (chunkCount * 36L) > body.Remaining)
            throw new FormatException("its counts do not fit its length");
        byte[][] packs = new byte[packCount][];
        for (int p = 0; p < packs.Length; p++)
            packs[p] = body.Take(32).ToArray();
        PackFrame[] frames = ReadFrames(ref body, (int)frameCount, packs.Length);
        IndexedChunk[] chunks = ReadChunks(ref body, (int)chunkCount, virtualSize, profile, frames);
        if (body.Remaining != 0)
            throw new FormatException("it has bytes behind its end");
        return new ImageIndex(virtualSize, profile, packs, frames, chunks);
    }

    private void WriteFrames(ByteWriter body)
    {
        int pack = 0;
        int end = PackFooter.Header.Length;
        foreach (PackFrame frame in frames)
        {
            body.Varint(frame.Pack - pack);
            if (frame.Pack != pack)
                end = PackFooter.Header.Length;
            body.Varint(frame.Offset - end);
            body.Varint(frame.StoredLength);
            body.Varint(frame.ContentLength);
            body.Varint((long)frame.Codec);
            pack = frame.Pack;
            end = frame.Offset + frame.StoredLength;
        }
    }

    private static PackFrame[] ReadFrames(ref ByteReader body, int count, int packCount)
    {
        var frames = new PackFrame[count];
        int pack = 0;
        int end = PackFooter.Header.Length;
        for (int f = 0; f < count; f++)
        {
            int step = body.Number(packCount);
            pack += step;
            if (pack >= packCount)
                throw new FormatException("a frame lies in a pack that is not listed");
            if (step > 0)
                end = PackFooter.Header.Length;
            int offset = end + body.Number(FormatLimits.LongestPack);
            var frame = new PackFrame(pack, offset, body.Number(FormatLimits.LongestFrame), body.Number(FormatLimits.LongestFrame), (FrameCodec)body.Number(1));
            end = offset + frame.StoredLength;
            if (end > FormatLimits.LongestPack || frame.StoredLength == 0 || frame.ContentLength == 0)
                throw new FormatException("a frame is empty or lies outside its pack");
            frames[f] = frame;
        }

        return frames;
    }

    // In columns, since like compresses well beside like.
    private void WriteChunks(ByteWriter body)
    {
        long end = 0;
        foreach (IndexedChunk chunk in chunks)
        {
            body.Varint((chunk.Offset - end) / ChunkingProfile.BlockLength);
            end = RoundUp(chunk.Offset + chunk.Length);
        }

        foreach (IndexedChunk chunk in chunks)
            body.Varint(RoundUp(chunk.Length) / ChunkingProfile.BlockLength);
        int frame = 0;
        foreach (IndexedChunk chunk in chunks)
        {
            body.SignedVarint(chunk.Frame - frame);
            frame = chunk.Frame;
        }

        frame = -1;
        int expected = 0;
        foreach (IndexedChunk chunk in chunks)
        {
            body.SignedVarint(chunk.OffsetInFrame - (chunk.Frame == frame ? expected : 0));
            frame = chunk.Frame;
            expected = chunk.OffsetInFrame + chunk.Length;
        }

        foreach (IndexedChunk chunk in chunks)
            body.Digest(chunk.Digest);
    }

    private static IndexedChunk[] ReadChunks(ref ByteReader body, int count, long virtualSize, ChunkingProfile profile, PackFrame[] frames)
    {
        long[] gaps = new long[count];
        foreach (ref long gap in gaps.AsSpan())
            gap = body.Varint();
        var chunks = new IndexedChunk[count];
        long end = 0;
        for (int c = 0; c < count; c++)
        {
            int blocks = body.Number(profile.MaximumLength / ChunkingProfile.BlockLength);
            if (blocks == 0 || gaps[c] > (virtualSize - end) / ChunkingProfile.BlockLength)
                throw new FormatException("a chunk is empty or lies outside the disk");
            long offset = end + (gaps[c] * ChunkingProfile.BlockLength);
            if (offset >= virtualSize)
                throw new FormatException("a chunk lies outside the disk");
            int length = (int)Math.Min((long)blocks * ChunkingProfile.BlockLength, virtualSize - offset);
            if (RoundUp(length) / ChunkingProfile.BlockLength != blocks)
                throw new FormatException("a chunk lies outside the disk");
            chunks[c] = new IndexedChunk(offset, length, default, 0, 0);
            end = RoundUp(offset + length);
        }

        long frame = 0;
        foreach (ref IndexedChunk chunk in chunks.AsSpan())
        {
            frame += body.SignedVarint();
            if (frame < 0 || frame >= frames.Length)
                throw new FormatException("a chunk lies in a frame that is not listed");
            chunk = chunk with { Frame = (int)frame };
        }

        frame = -1;
        int expected = 0;
        foreach (ref IndexedChunk chunk in chunks.AsSpan())
        {
            long offset = body.SignedVarint() + (chunk.Frame == frame ? expected : 0);
            if (offset < 0 || offset > frames[chunk.Frame].ContentLength - chunk.Length)
                throw new FormatException("a chunk lies outside its frame");
            chunk = chunk with { OffsetInFrame = (int)offset };
            frame = chunk.Frame;
            expected = chunk.OffsetInFrame + chunk.Length;
        }

        foreach (ref IndexedChunk chunk in chunks.AsSpan())
            chunk = chunk with { Digest = new ChunkDigest(body.Take(ChunkDigest.Length)) };
        return chunks;
    }

    private static long RoundUp(long length) => (length + ChunkingProfile.BlockLength - 1) & -ChunkingProfile.BlockLength;
}
