using System.Collections.Concurrent;
using ImageFabric.Disks;
using ImageFabric.Disks.Compression;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.Deltas;

/// <summary>
/// Makes chunks of an image out of a delta and the seed that it starts from. Every chunk is checked; what a damaged or lost delta does not give is fetched
/// as without one. Takes over the seeds that it is given.
/// </summary>
internal sealed class DeltaReads(IObjectSource source, FrameStorage storage, PullState state, PullOptions options) : IDisposable
{
    private readonly RangeReads reads = new(source) { Fetched = state.Fetched };
    private readonly List<SeedImage> seeds = [];
    private readonly ConcurrentBag<ZstdCodec> codecs = [];
    private readonly BufferPool prefixes = new(FormatLimits.LongestPrefix);
    private readonly BufferPool buffers = new(FormatLimits.LongestFrame);
    private long tableBytes;

    /// <summary>Bytes that crossed the wire so far.</summary>
    public long BytesFetched => reads.BytesFetched + tableBytes;

    /// <summary>Takes over a seed that a delta starts from, until this is disposed of.</summary>
    /// <returns>False when none does.</returns>
    public bool Takes(SeedImage seed)
    {
        if (options.FanOut is not null || !options.Deltas.Any(d => d.From == seed.Id))
            return false;
        seeds.Add(seed);
        return true;
    }

    /// <summary>Puts in place what deltas and seeds give.</summary>
    /// <exception cref="StoreException">What the source gives, unless it is about a delta that is not there or no delta.</exception>
    /// <exception cref="DiskException">A seed cannot be read.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (SeedImage seed in seeds)
        {
            if (state.ChunksMissing == 0)
                return;
            PullDelta delta = options.Deltas.First(d => d.From == seed.Id);
            string key = ObjectKeys.Delta(delta.From, state.Index.ImageId);
            try
            {
                await RunAsync(key, delta.Length, seed, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException gone) when (gone.Id == "ObjectMissing")
            {
                options.Notice?.Invoke($"The delta {key} is not there any more; what it held is fetched whole.");
            }
            catch (FormatException malformed)
            {
                options.Notice?.Invoke($"The delta {key} cannot be used, and what it holds is fetched whole: {malformed.Message}.");
            }
        }
    }

    public void Dispose()
    {
        foreach (SeedImage seed in seeds)
            seed.Dispose();
        while (codecs.TryTake(out ZstdCodec? codec))
            codec.Dispose();
    }

    private async Task RunAsync(string key, long length, SeedImage seed, CancellationToken cancellationToken)
    {
        if (length > FormatLimits.LongestDelta + FormatLimits.LongestDeltaTable)
            throw new FormatException("it is too long");
        await source.PrepareAsync([key], cancellationToken).ConfigureAwait(false);
        (DeltaTable table, int bytesRead) = await DeltaTable.ReadAsync(source, key, length, cancellationToken).ConfigureAwait(false);
        tableBytes += bytesRead;
        state.Fetched(bytesRead);
        if (table.From != seed.Id || table.To != state.Index.ImageId)
            throw new FormatException("it leads between other images");
        DeltaFrame[] wanted = [.. table.Frames.Where(frame => IsWanted(frame, seed))];
        state.Fetching(BytesFetched + wanted.Sum(static f => (long)f.StoredLength) + BytesBeside(wanted));
        int refused = 0;
        await reads.RunAsync(
            [.. wanted.Select(frame => new StoredRange(key, (int)frame.Offset, frame.StoredLength))],
            options.Reads,
            (i, stored, stop) => TryTakeAsync(wanted[i], seed, stored, stop),
            _ => Interlocked.Increment(ref refused),
            cancellationToken).ConfigureAwait(false);
        if (refused > 0)
            options.Notice?.Invoke($"The delta {key} or the image it starts from is damaged: {refused} of {wanted.Length} of its frames do not give what they should, and that is fetched whole.");
    }

    private bool IsWanted(in DeltaFrame frame, SeedImage seed)
    {
        if (Array.Exists(frame.Chunks, run => run.End > state.Index.Chunks.Length) || Array.Exists(frame.Prefix, run => run.End > seed.Chunks.Length))
            throw new FormatException("it names chunks that the images do not have");
        foreach (ChunkRun run in frame.Chunks)
        {
            for (int row = run.First; row < run.End; row++)
            {
                if (!state.IsDone(row))
                    return true;
            }
        }

        return false;
    }

    // What frames of packs will give, since none of these frames does.
    private long BytesBeside(DeltaFrame[] frames)
    {
        bool[] given = new bool[state.Index.Chunks.Length];
        foreach (ChunkRun run in frames.SelectMany(static f => f.Chunks))
            given.AsSpan(run.First, run.Count).Fill(true);
        return state.MissingFrames(given).Sum(f => (long)state.Index.Frames[f].StoredLength);
    }

    private async ValueTask<bool> TryTakeAsync(DeltaFrame frame, SeedImage seed, ReadOnlyMemory<byte> stored, CancellationToken cancellationToken)
    {
        IndexedChunk[] chunks = RowsOf(state.Index.Chunks, frame.Chunks);
        IndexedChunk[] prefixChunks = RowsOf(seed.Chunks, frame.Prefix);
        int length = chunks.Sum(static c => c.Length);
        int prefixLength = prefixChunks.Sum(static c => c.Length);
        if (length > FormatLimits.LongestFrame || prefixLength > FormatLimits.LongestPrefix || Array.Exists(prefixChunks, c => c.End > seed.Disk.Length))
            return false;
        byte[] prefix = prefixes.Rent();
        byte[] content = buffers.Rent();
        try
        {
            int at = 0;
            foreach (IndexedChunk chunk in prefixChunks)
            {
                await seed.Disk.ReadAsync(chunk.Offset, prefix.AsMemory(at, chunk.Length), cancellationToken).ConfigureAwait(false);
                at += chunk.Length;
            }

            if (!Decompress(stored.Span, prefix.AsSpan(0, prefixLength), content.AsSpan(0, length)))
                return false;
            bool whole = true;
            at = 0;
            foreach (IndexedChunk chunk in chunks)
            {
                ReadOnlyMemory<byte> bytes = content.AsMemory(at, chunk.Length);
                if (ChunkDigest.Of(bytes.Span).Equals(chunk.Digest))
                    await storage.StoreAsync(chunk, bytes, cancellationToken).ConfigureAwait(false);
                else
                    whole = false;
                at += chunk.Length;
            }

            return whole;
        }
        finally
        {
            buffers.Return(content);
            prefixes.Return(prefix);
        }
    }

    private bool Decompress(ReadOnlySpan<byte> stored, ReadOnlySpan<byte> prefix, Span<byte> content)
    {
        if (!codecs.TryTake(out ZstdCodec? codec))
            codec = new ZstdCodec();
        bool whole = codec.Decompress(stored, prefix, content) == content.Length;
        codecs.Add(codec);
        return whole;
    }

    private static IndexedChunk[] RowsOf(ChunkRows rows, ChunkRun[] runs)
    {
        var found = new IndexedChunk[runs.Sum(static r => r.Count)];
        int at = 0;
        foreach (ChunkRun run in runs)
        {
            rows.CopyTo(run.First, found.AsSpan(at, run.Count));
            at += run.Count;
        }

        return found;
    }
}
