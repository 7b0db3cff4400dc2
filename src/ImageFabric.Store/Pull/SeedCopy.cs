using ImageFabric.Disks;
using ImageFabric.Store.Format;
using ImageFabric.Store.Publish;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Store.Pull;

/// <summary>
/// Takes chunks from a disk image that is here already. Every chunk's content is checked before it is used; then its blocks are shared where the
/// file system can (FICLONERANGE), otherwise copied by the kernel (copy_file_range) or from here.
/// </summary>
internal sealed class SeedCopy
{
    private const int LongestRun = 4 * 1024 * 1024;

    private readonly IDiskTarget target;
    private readonly PullState state;
    private readonly ILogicalDisk seed;
    private readonly SafeFileHandle? cloneSource;
    private readonly BufferPool buffers = new(LongestRun);
    private bool cloning;
    private bool copying;

    private SeedCopy(IDiskTarget target, PullState state, ILogicalDisk seed, SafeFileHandle? cloneSource)
    {
        this.target = target;
        this.state = state;
        this.seed = seed;
        this.cloneSource = cloneSource;
        cloning = copying = cloneSource is not null;
    }

    public static async Task RunAsync(IDiskTarget target, PullState state, PullSeed seed, CancellationToken cancellationToken)
    {
        using ILogicalDisk disk = await DiskImage.OpenAsync(seed.Path, DiskPolicy.Default, cancellationToken).ConfigureAwait(false);
        // In a raw file alone every byte of the disk lies at its own offset.
        using SafeFileHandle? source = disk.Format == "raw" ? File.OpenHandle(seed.Path) : null;
        var copy = new SeedCopy(target, state, disk, source);
        List<Run> runs = copy.FindRuns(await copy.LocateAsync(seed.Index, cancellationToken).ConfigureAwait(false));
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(runs, options, copy.CopyAsync).ConfigureAwait(false);
    }

    // Where on the seed the chunks lie that are still wanted.
    private async Task<Dictionary<ChunkDigest, long>> LocateAsync(ImageIndex? seedIndex, CancellationToken cancellationToken)
    {
        var wanted = new HashSet<ChunkDigest>();
        for (int c = 0; c < state.Index.Chunks.Length; c++)
        {
            if (!state.IsDone(c))
                wanted.Add(state.Index.Chunks[c].Digest);
        }

        var places = new Dictionary<ChunkDigest, long>();
        if (seedIndex is not null)
        {
            foreach (ref readonly IndexedChunk chunk in seedIndex.Chunks)
            {
                if (chunk.Offset + chunk.Length <= seed.Length && wanted.Contains(chunk.Digest))
                    places.TryAdd(chunk.Digest, chunk.Offset);
            }

            return places;
        }

        await foreach (DiskSegment segment in DiskChunker.ReadAsync(seed, state.Index.Profile, cancellationToken).ConfigureAwait(false))
        {
            using (segment)
            {
                for (int c = 0; c < segment.Chunks.Count; c++)
                {
                    if (wanted.Contains(segment.Digests[c]))
                        places.TryAdd(segment.Digests[c], segment.Chunks[c].Offset);
                }
            }
        }

        return places;
    }

    // Chunks that follow one another on both disks are read and shared in one go.
    private List<Run> FindRuns(Dictionary<ChunkDigest, long> places)
    {
        var runs = new List<Run>();
        ReadOnlySpan<IndexedChunk> chunks = state.Index.Chunks;
        for (int c = 0; c < chunks.Length; c++)
        {
            if (state.IsDone(c) || !places.TryGetValue(chunks[c].Digest, out long offset))
                continue;
            if (runs.Count > 0 && runs[^1] is var last && last.First + last.Count == c && last.SeedOffset + last.Length == offset &&
                chunks[last.First].Offset + last.Length == chunks[c].Offset && last.Length + chunks[c].Length <= LongestRun)
                runs[^1] = last with { Count = last.Count + 1, Length = last.Length + chunks[c].Length };
            else
                runs.Add(new Run(c, 1, offset, chunks[c].Length));
        }

        return runs;
    }

    private async ValueTask CopyAsync(Run run, CancellationToken cancellationToken)
    {
        byte[] buffer = buffers.Rent();
        await seed.ReadAsync(run.SeedOffset, buffer.AsMemory(0, run.Length), cancellationToken).ConfigureAwait(false);
        bool[] valid = new bool[run.Count];
        int start = 0;
        for (int c = 0; c < run.Count; c++)
        {
            IndexedChunk chunk = state.Index.Chunks[run.First + c];
            valid[c] = ChunkDigest.Of(buffer.AsSpan(start, chunk.Length)).Equals(chunk.Digest);
            start += chunk.Length;
        }

        bool shared = Array.TrueForAll(valid, v => v) && (TryPass(run, ref cloning, BlockClone.TryClone) || TryPass(run, ref copying, BlockClone.TryCopy));
        start = 0;
        for (int c = 0; c < run.Count; c++)
        {
            IndexedChunk chunk = state.Index.Chunks[run.First + c];
            if (valid[c])
            {
                if (!shared)
                    await target.WriteAsync(chunk.Offset, buffer.AsMemory(start, chunk.Length), cancellationToken).ConfigureAwait(false);
                state.Reused(run.First + c);
            }

            start += chunk.Length;
        }

        buffers.Return(buffer);
    }

    // Has the file system pass a run on, as long as it can.
    private bool TryPass(Run run, ref bool able, PassRange pass)
    {
        if (!Volatile.Read(ref able))
            return false;
        long done = 0;
        while (done < run.Length)
        {
            (long position, long contiguous) = target.Locate(state.Index.Chunks[run.First].Offset + done);
            long length = Math.Min(contiguous, run.Length - done);
            if (!pass(cloneSource!, run.SeedOffset + done, target.Handle, position, length))
            {
                // A last piece that ends within a block cannot be shared; a whole one that cannot means that none can.
                if (length % ChunkingProfile.BlockLength == 0)
                    Volatile.Write(ref able, false);
                return false;
            }

            done += length;
        }

        return true;
    }

    private delegate bool PassRange(SafeFileHandle source, long sourceOffset, SafeFileHandle destination, long destinationOffset, long length);

    private readonly record struct Run(int First, int Count, long SeedOffset, int Length);
}
