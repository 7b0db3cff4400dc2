using System.Runtime.CompilerServices;

namespace ImageFabric.Disks.Packed;

/// <summary>The blocks of a disk that are not zero, in the disk's order, compressed on all cores some at a time.</summary>
internal static class DiskBlocks
{
    private const int AtOnce = 64;

    /// <summary>Reads and compresses.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="blockLength">Bytes of a block; a block behind the disk's end is filled up with zeros.</param>
    /// <param name="compress">Compresses a block into the buffer and says into how many bytes; -1: not shorter. Called on many threads at once.</param>
    /// <param name="capacity">Bytes of that buffer.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException">The disk cannot be read.</exception>
    public static async IAsyncEnumerable<DiskBlock> ReadAsync(
        ILogicalDisk disk, int blockLength, Func<byte[], byte[], int> compress, int capacity, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batch = new DiskBlock[AtOnce];
        for (int i = 0; i < AtOnce; i++)
            batch[i] = new DiskBlock(new byte[blockLength], new byte[capacity]);
        int count = 0;
        long next = 0;
        await foreach (DiskExtent extent in disk.ReadExtentsAsync(cancellationToken).ConfigureAwait(false))
        {
            for (long number = Math.Max(next, extent.Offset / blockLength); number * blockLength < extent.End; number++)
            {
                next = number + 1;
                DiskBlock block = batch[count];
                int length = (int)Math.Min(blockLength, disk.Length - (number * blockLength));
                await disk.ReadAsync(number * blockLength, block.Content.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
                block.Content.AsSpan(length).Clear();
                if (!block.Content.AsSpan(0, length).ContainsAnyExcept((byte)0))
                    continue;
                block.Number = number;
                if (++count < AtOnce)
                    continue;
                Compress(count);
                for (int i = 0; i < count; i++)
                    yield return batch[i];
                count = 0;
            }
        }

        Compress(count);
        for (int i = 0; i < count; i++)
            yield return batch[i];

        void Compress(int blocks) => Parallel.For(
            0, blocks, new ParallelOptions { CancellationToken = cancellationToken }, i => batch[i].PackedLength = compress(batch[i].Content, batch[i].Packed));
    }
}

/// <summary>A block and its compressed form; both are overwritten by later blocks.</summary>
internal sealed class DiskBlock(byte[] content, byte[] packed)
{
    /// <summary>Its number on the disk.</summary>
    public long Number { get; set; }

    public byte[] Content { get; } = content;

    public byte[] Packed { get; } = packed;

    /// <summary>Bytes of <see cref="Packed"/> in use; -1: it did not become shorter.</summary>
    public int PackedLength { get; set; }
}
