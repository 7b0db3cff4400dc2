using ImageFabric.Disks;
using ImageFabric.Store.Format;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Verify;

/// <summary>Reads a disk and checks that it holds an image and nothing else.</summary>
public static class DiskVerifier
{
    private const int BatchLength = 64;
    private const int GapPiece = 1 << 20;

    /// <summary>Checks every chunk by its digest, and that whatever lies between chunks is zero.</summary>
    /// <param name="disk">The disk; not shorter than the image.</param>
    /// <param name="index">The image.</param>
    /// <param name="progress">Bytes read, of those to be read.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException">The disk's own tables are damaged, or it cannot be read.</exception>
    public static async Task<DiskVerification> RunAsync(ILogicalDisk disk, ImageIndex index, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(index);
        if (disk.Length < index.VirtualSize)
            return new DiskVerification(0, 0, 0, $"The disk has {disk.Length} bytes; the image has {index.VirtualSize}.");
        var counts = new Counts(index.DataSize, progress);
        await CheckChunksAsync(disk, index, counts, cancellationToken).ConfigureAwait(false);
        long? stray = await FindStrayAsync(disk, index, counts, cancellationToken).ConfigureAwait(false);
        string? damage = counts.FirstDamage is { } offset
            ? $"{counts.Damaged} of {index.Chunks.Length} chunks have another content than was published, the first at byte {offset} of the disk."
            : stray is { } at ? $"The disk holds data at byte {at}, where the image has none." : null;
        return new DiskVerification(index.Chunks.Length, counts.Damaged, counts.Read, damage);
    }

    private static async Task CheckChunksAsync(ILogicalDisk disk, ImageIndex index, Counts counts, CancellationToken cancellationToken)
    {
        var buffers = new BufferPool(index.Profile.MaximumLength);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, (index.Chunks.Length + BatchLength - 1) / BatchLength, options, async (batch, stop) =>
        {
            byte[] buffer = buffers.Rent();
            int first = batch * BatchLength;
            var chunks = new IndexedChunk[Math.Min(BatchLength, index.Chunks.Length - first)];
            index.Chunks.CopyTo(first, chunks);
            foreach (IndexedChunk chunk in chunks)
            {
                await disk.ReadAsync(chunk.Offset, buffer.AsMemory(0, chunk.Length), stop).ConfigureAwait(false);
                counts.Add(chunk, ChunkDigest.Of(buffer.AsSpan(0, chunk.Length)).Equals(chunk.Digest));
            }

            buffers.Return(buffer);
        }).ConfigureAwait(false);
    }

    // The first byte that is not zero outside of all chunks.
    private static async Task<long?> FindStrayAsync(ILogicalDisk disk, ImageIndex index, Counts counts, CancellationToken cancellationToken)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(GapPiece);
        int next = 0;
        await foreach (DiskExtent extent in disk.ReadExtentsAsync(cancellationToken).ConfigureAwait(false))
        {
            long offset = extent.Offset;
            while (offset < extent.End)
            {
                while (next < index.Chunks.Length && index.Chunks[next].Offset + index.Chunks[next].Length <= offset)
                    next++;
                if (next < index.Chunks.Length && index.Chunks[next].Offset <= offset)
                {
                    offset = index.Chunks[next].Offset + index.Chunks[next].Length;
                    continue;
                }

                long end = next < index.Chunks.Length ? Math.Min(extent.End, index.Chunks[next].Offset) : extent.End;
                int length = (int)Math.Min(end - offset, GapPiece);
                await disk.ReadAsync(offset, buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
                counts.AddGap(length);
                int stray = buffer.AsSpan(0, length).IndexOfAnyExcept((byte)0);
                if (stray >= 0)
                    return offset + stray;
                offset += length;
            }
        }

        return null;
    }

    private sealed class Counts(long total, IProgress<TransferProgress>? progress)
    {
        private readonly Lock gate = new();

        public long Damaged { get; private set; }

        public long? FirstDamage { get; private set; }

        public long Read { get; private set; }

        public void Add(in IndexedChunk chunk, bool intact)
        {
            lock (gate)
            {
                Read += chunk.Length;
                progress?.Report(new TransferProgress(Math.Min(Read, total), total));
                if (intact)
                    return;
                Damaged++;
                FirstDamage = Math.Min(FirstDamage ?? long.MaxValue, chunk.Offset);
            }
        }

        public void AddGap(int length)
        {
            lock (gate)
                Read += length;
        }
    }
}

/// <summary>What reading a disk came to.</summary>
/// <param name="ChunksVerified">Chunks whose content was checked.</param>
/// <param name="ChunksDamaged">Those of them with another content.</param>
/// <param name="BytesRead">Bytes of the disk that were read.</param>
/// <param name="Damage">What is wrong, in one sentence; null when the disk is the image.</param>
public sealed record DiskVerification(long ChunksVerified, long ChunksDamaged, long BytesRead, string? Damage);
