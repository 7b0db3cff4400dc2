namespace ImageFabric.Disks.Mapping;

/// <summary>Reads blocks that a format keeps compressed. A block of which only a part is asked for is kept for a while, since the next read will want the rest.</summary>
internal sealed class CompressedBlocks
{
    private const int CachedBytes = 16 << 20;

    private readonly int blockSize;
    private readonly Func<long, long, CancellationToken, ValueTask<Segment>> find;
    private readonly Func<Segment, Memory<byte>, CancellationToken, ValueTask> decompress;
    private readonly RecentlyUsed<byte[]> blocks;

    /// <param name="blockSize">Bytes of a block of the disk; a power of two.</param>
    /// <param name="find">Finds the segment between two offsets of the disk that are the ends of a block. The disk may end within its last block.</param>
    /// <param name="decompress">Fills a destination of a block's size from a segment that is a whole block. What of it is behind the disk's end is not looked at.</param>
    public CompressedBlocks(
        int blockSize,
        Func<long, long, CancellationToken, ValueTask<Segment>> find,
        Func<Segment, Memory<byte>, CancellationToken, ValueTask> decompress)
    {
        this.blockSize = blockSize;
        this.find = find;
        this.decompress = decompress;
        blocks = new RecentlyUsed<byte[]>(Math.Max(4, CachedBytes / blockSize), LoadAsync);
    }

    /// <summary>Fills the destination from a segment of the same length.</summary>
    /// <exception cref="DiskException">The block is damaged or cannot be read.</exception>
    public async ValueTask ReadAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken)
    {
        long start = segment.Offset & -blockSize;
        if (segment.Length == blockSize && !blocks.TryGet(start, out _))
        {
            await decompress(segment, destination, cancellationToken).ConfigureAwait(false);
            return;
        }

        byte[] block = await blocks.GetAsync(start, cancellationToken).ConfigureAwait(false);
        block.AsMemory((int)(segment.Offset - start), (int)segment.Length).CopyTo(destination);
    }

    private async Task<byte[]> LoadAsync(long start, CancellationToken cancellationToken)
    {
        byte[] block = GC.AllocateUninitializedArray<byte>(blockSize);
        Segment whole = await find(start, start + blockSize, cancellationToken).ConfigureAwait(false);
        await decompress(whole, block, cancellationToken).ConfigureAwait(false);
        return block;
    }
}
