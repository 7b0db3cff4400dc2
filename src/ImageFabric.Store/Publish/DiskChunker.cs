using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ImageFabric.Disks;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Publish;

/// <summary>Reads the data of a disk once, from front to back, and cuts it into chunks. Store format, "Chunking".</summary>
internal sealed class DiskChunker
{
    private const int ReadLength = 1024 * 1024;

    private readonly ILogicalDisk disk;
    private readonly ChunkingProfile profile;
    private readonly BufferPool pool;
    private byte[] buffer;
    private int used;
    private List<CutChunk> cut = [];
    private int openStart;
    private long openOffset = -1;
    private long bytesRead;

    private DiskChunker(ILogicalDisk disk, ChunkingProfile profile)
    {
        this.disk = disk;
        this.profile = profile;
        pool = new BufferPool((2 * ReadLength) + profile.MaximumLength);
        buffer = pool.Rent();
    }

    /// <summary>The disk's chunks with their digests, in the order of the disk. Reading, cutting and hashing overlap; the caller disposes of each segment.</summary>
    public static async IAsyncEnumerable<DiskSegment> ReadAsync(ILogicalDisk disk, ChunkingProfile profile, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var hashing = Channel.CreateBounded<Task<DiskSegment>>(new BoundedChannelOptions(Environment.ProcessorCount + 1) { SingleReader = true, SingleWriter = true });
        Task reading = Task.Run(() => new DiskChunker(disk, profile).FillAsync(hashing.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (Task<DiskSegment> segment in hashing.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return await segment.ConfigureAwait(false);
            await reading.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (hashing.Reader.TryRead(out Task<DiskSegment>? unread))
                (await unread.ConfigureAwait(false)).Dispose();
        }
    }

    private async Task FillAsync(ChannelWriter<Task<DiskSegment>> hashing, CancellationToken cancellationToken)
    {
        try
        {
            long position = 0;
            await foreach (DiskExtent extent in disk.ReadExtentsAsync(cancellationToken).ConfigureAwait(false))
            {
                long start = Math.Max(extent.Offset & -ChunkingProfile.BlockLength, position);
                long end = Math.Min((extent.End + ChunkingProfile.BlockLength - 1) & -ChunkingProfile.BlockLength, disk.Length);
                if (start >= end)
                    continue;
                if (start > position)
                    CloseChunk();
                for (position = start; position < end;)
                {
                    int length = (int)Math.Min(ReadLength, end - position);
                    if (used + length > buffer.Length)
                        await hashing.WriteAsync(NextSegment(), cancellationToken).ConfigureAwait(false);
                    await disk.ReadAsync(position, buffer.AsMemory(used, length), cancellationToken).ConfigureAwait(false);
                    Cut(position, length);
                    position += length;
                    bytesRead += length;
                }
            }

            CloseChunk();
            await hashing.WriteAsync(NextSegment(), cancellationToken).ConfigureAwait(false);
            hashing.Complete();
        }
        catch (Exception failure)
        {
            hashing.Complete(failure);
            throw;
        }
        finally
        {
            pool.Return(buffer);
        }
    }

    private void Cut(long position, int length)
    {
        for (int end = used + length; used < end;)
        {
            int blockLength = Math.Min(ChunkingProfile.BlockLength, end - used);
            ReadOnlySpan<byte> block = buffer.AsSpan(used, blockLength);
            if (!block.ContainsAnyExcept((byte)0))
            {
                CloseChunk();
                used += blockLength;
            }
            else
            {
                if (openOffset < 0)
                    (openOffset, openStart) = (position, used);
                used += blockLength;
                int chunkLength = used - openStart;
                if (chunkLength >= profile.MaximumLength || (chunkLength >= profile.MinimumLength && (BlockHash.Compute(block) & profile.BoundaryMask) == 0))
                    CloseChunk();
            }

            position += blockLength;
        }
    }

    private void CloseChunk()
    {
        if (openOffset < 0)
            return;
        cut.Add(new CutChunk(openOffset, openStart, used - openStart));
        openOffset = -1;
    }

    // A chunk that is still open moves on to the next buffer.
    private Task<DiskSegment> NextSegment()
    {
        var segment = new DiskSegment(pool, buffer, cut, bytesRead);
        byte[] next = pool.Rent();
        int open = openOffset < 0 ? 0 : used - openStart;
        buffer.AsSpan(used - open, open).CopyTo(next);
        (buffer, used, openStart, cut, bytesRead) = (next, open, 0, [], 0);
        return Task.Run(segment.Hash);
    }
}
