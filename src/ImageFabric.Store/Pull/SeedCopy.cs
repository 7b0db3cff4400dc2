using ImageFabric.Disks;
using ImageFabric.Store.Format;
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
    private readonly SeedImage seed;
    private readonly BufferPool buffers = new(LongestRun);
    private bool cloning;
    private bool copying;

    private SeedCopy(IDiskTarget target, PullState state, SeedImage seed)
    {
        this.target = target;
        this.state = state;
        this.seed = seed;
        cloning = copying = seed.Raw is not null;
    }

    public static async Task RunAsync(IDiskTarget target, PullState state, SeedImage seed, int mostWanted, CancellationToken cancellationToken)
    {
        var copy = new SeedCopy(target, state, seed);
        for (int first = 0; first < state.Index.Chunks.Length;)
            first = await copy.PassAsync(first, mostWanted, cancellationToken).ConfigureAwait(false);
    }

    // Takes as many chunks as places are kept in memory for, from a row on; returns the row behind them.
    private async Task<int> PassAsync(int first, int mostWanted, CancellationToken cancellationToken)
    {
        (SeedPlaces wanted, int end) = FindWanted(first, mostWanted);
        if (wanted.Count == 0)
            return end;
        Locate(wanted);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(FindRuns(wanted, first, end), options, CopyAsync).ConfigureAwait(false);
        return end;
    }

    private (SeedPlaces Wanted, int End) FindWanted(int first, int mostWanted)
    {
        var wanted = new SeedPlaces(Math.Min(state.ChunksMissing, mostWanted));
        int row = -1;
        foreach (ref readonly IndexedChunk chunk in state.Index.Chunks)
        {
            if (++row < first || state.IsDone(row))
                continue;
            if (wanted.Count == mostWanted)
                return (wanted, row);
            wanted.Want(chunk.Digest);
        }

        return (wanted, row + 1);
    }

    private void Locate(SeedPlaces wanted)
    {
        foreach (ref readonly IndexedChunk chunk in seed.Chunks)
        {
            if (chunk.End <= seed.Disk.Length)
                wanted.Tell(chunk.Digest, chunk.Offset);
        }
    }

    // Chunks that follow one another on both disks are read and shared in one go.
    private IEnumerable<Run> FindRuns(SeedPlaces places, int first, int end)
    {
        Run open = default;
        int row = -1;
        foreach (ReadOnlyMemory<IndexedChunk> block in state.Index.Chunks.Blocks())
        {
            for (int c = 0; c < block.Length; c++)
            {
                IndexedChunk chunk = block.Span[c];
                if (++row < first || row >= end || state.IsDone(row) || !places.TryFind(chunk.Digest, out long offset))
                    continue;
                if (open.Count > 0 && open.First + open.Count == row && open.SeedOffset + open.Length == offset &&
                    open.Offset + open.Length == chunk.Offset && open.Length + chunk.Length <= LongestRun)
                {
                    open = open with { Count = open.Count + 1, Length = open.Length + chunk.Length };
                    continue;
                }

                if (open.Count > 0)
                    yield return open;
                open = new Run(row, 1, offset, chunk.Offset, chunk.Length);
            }
        }

        if (open.Count > 0)
            yield return open;
    }

    private async ValueTask CopyAsync(Run run, CancellationToken cancellationToken)
    {
        byte[] buffer = buffers.Rent();
        await seed.Disk.ReadAsync(run.SeedOffset, buffer.AsMemory(0, run.Length), cancellationToken).ConfigureAwait(false);
        var chunks = new IndexedChunk[run.Count];
        state.Index.Chunks.CopyTo(run.First, chunks);
        bool[] valid = new bool[run.Count];
        int start = 0;
        for (int c = 0; c < run.Count; c++)
        {
            IndexedChunk chunk = chunks[c];
            valid[c] = ChunkDigest.Of(buffer.AsSpan(start, chunk.Length)).Equals(chunk.Digest);
            start += chunk.Length;
        }

        bool shared = Array.TrueForAll(valid, v => v) && (TryPass(run, ref cloning, BlockClone.TryClone) || TryPass(run, ref copying, BlockClone.TryCopy));
        start = 0;
        for (int c = 0; c < run.Count; c++)
        {
            IndexedChunk chunk = chunks[c];
            if (valid[c])
            {
                if (!shared)
                    await target.WriteAsync(chunk.Offset, buffer.AsMemory(start, chunk.Length), cancellationToken).ConfigureAwait(false);
                state.Reused(run.First + c, chunk.Length);
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
            (long position, long contiguous) = target.Locate(run.Offset + done);
            long length = Math.Min(contiguous, run.Length - done);
            if (!pass(seed.Raw!, run.SeedOffset + done, target.Handle, position, length))
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

    private readonly record struct Run(int First, int Count, long SeedOffset, long Offset, int Length);
}
