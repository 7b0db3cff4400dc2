using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Pull;

/// <summary>Reads frames of packs by coalesced range reads, several at once. Each is decoded and checked as soon as its last byte has arrived.</summary>
internal sealed class FrameReads(IObjectSource source, ImageIndex index, FrameContents contents)
{
    private const int LongestRead = 4 * 1024 * 1024;

    // Reading over a gap costs less than another request.
    private const int LongestGap = 128 * 1024;

    private readonly BufferPool buffers = new(LongestRead);
    private long bytesFetched;

    /// <summary>Bytes that crossed the wire so far.</summary>
    public long BytesFetched => Interlocked.Read(ref bytesFetched);

    /// <summary>Told of every change of <see cref="BytesFetched"/>, with the bytes that came.</summary>
    public Action<int>? Fetched { get; init; }

    /// <summary>Reads frames.</summary>
    /// <param name="frames">Their numbers, ascending.</param>
    /// <param name="parallel">Reads at the same time.</param>
    /// <param name="take">Gets each one, from several threads at once.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException"><c>PackCorrupt</c>, and what the source gives.</exception>
    public async Task RunAsync(IReadOnlyList<int> frames, int parallel, CheckedFrame take, CancellationToken cancellationToken)
    {
        List<Run> runs = Coalesce(frames);
        if (runs.Count == 0)
            return;
        await source.PrepareAsync([.. runs.Select(r => index.PackKey(r.Pack)).Distinct()], cancellationToken).ConfigureAwait(false);
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(runs, options, async (run, stop) => await ReadAsync(run, frames, take, stop).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private List<Run> Coalesce(IReadOnlyList<int> frames)
    {
        var runs = new List<Run>();
        for (int i = 0; i < frames.Count; i++)
        {
            PackFrame frame = index.Frames[frames[i]];
            int end = frame.Offset + frame.StoredLength;
            if (runs.Count > 0 && runs[^1] is var last && last.Pack == frame.Pack && frame.Offset - last.End <= LongestGap && end - last.Offset <= LongestRead)
                runs[^1] = last with { End = end, Count = last.Count + 1 };
            else
                runs.Add(new Run(frame.Pack, frame.Offset, end, i, 1));
        }

        return runs;
    }

    private async Task ReadAsync(Run run, IReadOnlyList<int> frames, CheckedFrame take, CancellationToken cancellationToken)
    {
        byte[] stored = buffers.Rent();
        try
        {
            int next = run.First;
            List<int> damaged = [];
            await FetchAsync(run.Pack, run.Offset, stored.AsMemory(0, run.End - run.Offset), Decode, cancellationToken).ConfigureAwait(false);

            // Perhaps they were damaged on their way: the second look decides.
            foreach (int frame in damaged)
                await ReadAgainAsync(frame, PlaceOf(frame), take, cancellationToken).ConfigureAwait(false);

            async ValueTask Decode(int arrived, CancellationToken stop)
            {
                for (; next < run.First + run.Count && index.Frames[frames[next]] is var frame && frame.Offset + frame.StoredLength - run.Offset <= arrived; next++)
                {
                    if (!await contents.TryTakeAsync(frames[next], PlaceOf(frames[next]), frame.Codec, take, stop).ConfigureAwait(false))
                        damaged.Add(frames[next]);
                }
            }
        }
        finally
        {
            buffers.Return(stored);
        }

        Memory<byte> PlaceOf(int frame) => stored.AsMemory(index.Frames[frame].Offset - run.Offset, index.Frames[frame].StoredLength);
    }

    private async Task ReadAgainAsync(int number, Memory<byte> stored, CheckedFrame take, CancellationToken cancellationToken)
    {
        PackFrame frame = index.Frames[number];
        await FetchAsync(frame.Pack, frame.Offset, stored, static (_, _) => ValueTask.CompletedTask, cancellationToken).ConfigureAwait(false);
        if (!await contents.TryTakeAsync(number, stored, frame.Codec, take, cancellationToken).ConfigureAwait(false))
            throw new StoreException("PackCorrupt", index.PackKey(frame.Pack), $"The pack {index.PackKey(frame.Pack)} is damaged in its frame at byte {frame.Offset}.");
    }

    private Task FetchAsync(int pack, int offset, Memory<byte> destination, ArrivedBytes arrived, CancellationToken cancellationToken)
    {
        int counted = 0;
        return source.ReadRangeAsync(index.PackKey(pack), offset, destination, Count, cancellationToken);

        ValueTask Count(int there, CancellationToken stop)
        {
            // A read that had to begin anew counts from there on: the bytes did cross the wire.
            int more = there > counted ? there - counted : there;
            counted = there;
            Interlocked.Add(ref bytesFetched, more);
            Fetched?.Invoke(more);
            return arrived(there, stop);
        }
    }

    private readonly record struct Run(int Pack, int Offset, int End, int First, int Count);
}
