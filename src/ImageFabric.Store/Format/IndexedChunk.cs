namespace ImageFabric.Store.Format;

/// <summary>One chunk of an image: where it lies on the disk and where its content is. 48 bytes, since an image has millions of them.</summary>
internal readonly record struct IndexedChunk
{
    private const int FrameBits = 20;

    private readonly long place;

    /// <param name="offset">Its first byte on the disk, a multiple of <see cref="ChunkingProfile.BlockLength"/>.</param>
    /// <param name="length">Its bytes, 1 to <see cref="ChunkingProfile.LongestChunk"/>.</param>
    /// <param name="digest">Its name.</param>
    /// <param name="frame">Number of its frame in the table at hand.</param>
    /// <param name="offsetInFrame">Its first byte in the frame's content, less than <see cref="FormatLimits.LongestFrame"/>.</param>
    public IndexedChunk(long offset, int length, in ChunkDigest digest, int frame, int offsetInFrame)
    {
        place = (offset / ChunkingProfile.BlockLength << FrameBits) | (uint)offsetInFrame;
        Length = length;
        Digest = digest;
        Frame = frame;
    }

    public long Offset => (place >> FrameBits) * ChunkingProfile.BlockLength;

    public int OffsetInFrame => (int)(place & ((1 << FrameBits) - 1));

    public int Length { get; }

    public int Frame { get; init; }

    public ChunkDigest Digest { get; }

    /// <summary>The first byte of the disk behind it.</summary>
    public long End => Offset + Length;

    /// <summary>A length as a whole number of blocks, in bytes.</summary>
    public static long RoundUp(long length) => (length + ChunkingProfile.BlockLength - 1) & -ChunkingProfile.BlockLength;
}
