using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Pull;

/// <summary>Some bytes of an object, which are of use only whole.</summary>
/// <param name="Key">The object's key.</param>
/// <param name="Offset">Its first byte in the object.</param>
/// <param name="Length">Its bytes.</param>
internal readonly record struct StoredRange(string Key, int Offset, int Length)
{
    public int End => Offset + Length;
}

/// <summary>Takes a range, by its number in the list.</summary>
/// <returns>False when it is not what it should be.</returns>
internal delegate ValueTask<bool> TakeRange(int range, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

/// <summary>Reads ranges of objects by coalesced reads, several at once, and hands each on as soon as its last byte has arrived.</summary>
internal sealed class RangeReads(IObjectSource source)
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

    /// <summary>Reads ranges.</summary>
    /// <param name="ranges">Those of one object stand together, ascending.</param>
    /// <param name="parallel">Reads at the same time.</param>
    /// <param name="take">Gets each one, from several threads at once. What it refuses is read once more.</param>
    /// <param name="refused">Told of what it refuses again.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StoreException">What the source gives.</exception>
    public async Task RunAsync(IReadOnlyList<StoredRange> ranges, int parallel, TakeRange take, Action<int> refused, CancellationToken cancellationToken)
    {
        List<Run> runs = Coalesce(ranges);
        if (runs.Count == 0)
            return;
        await source.PrepareAsync([.. ranges.Select(static r => r.Key).Distinct()], cancellationToken).ConfigureAwait(false);
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(runs, options, async (run, stop) => await ReadAsync(run, ranges, take, refused, stop).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private static List<Run> Coalesce(IReadOnlyList<StoredRange> ranges)
    {
        var runs = new List<Run>();
        for (int i = 0; i < ranges.Count; i++)
        {
            StoredRange range = ranges[i];
            if (runs.Count > 0 && runs[^1] is var last && last.Key == range.Key && range.Offset - last.End <= LongestGap && range.End - last.Offset <= LongestRead)
                runs[^1] = last with { End = range.End, Count = last.Count + 1 };
            else
                runs.Add(new Run(range.Key, range.Offset, range.End, i, 1));
        }

        return runs;
    }

    private async Task ReadAsync(Run run, IReadOnlyList<StoredRange> ranges, TakeRange take, Action<int> refused, CancellationToken cancellationToken)
    {
        byte[] stored = buffers.Rent();
        try
        {
            int next = run.First;
            List<int> damaged = [];
            await FetchAsync(run.Key, run.Offset, stored.AsMemory(0, run.End - run.Offset), Take, cancellationToken).ConfigureAwait(false);

            // Perhaps they were damaged on their way: the second look decides.
            foreach (int range in damaged)
            {
                await FetchAsync(run.Key, ranges[range].Offset, PlaceOf(range), static (_, _) => ValueTask.CompletedTask, cancellationToken).ConfigureAwait(false);
                if (!await take(range, PlaceOf(range), cancellationToken).ConfigureAwait(false))
                    refused(range);
            }

            async ValueTask Take(int arrived, CancellationToken stop)
            {
                for (; next < run.First + run.Count && ranges[next].End - run.Offset <= arrived; next++)
                {
                    if (!await take(next, PlaceOf(next), stop).ConfigureAwait(false))
                        damaged.Add(next);
                }
            }
        }
        finally
        {
            buffers.Return(stored);
        }

        Memory<byte> PlaceOf(int range) => stored.AsMemory(ranges[range].Offset - run.Offset, ranges[range].Length);
    }

    private Task FetchAsync(string key, int offset, Memory<byte> destination, ArrivedBytes arrived, CancellationToken cancellationToken)
    {
        int counted = 0;
        return source.ReadRangeAsync(key, offset, destination, Count, cancellationToken);

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

    private readonly record struct Run(string Key, int Offset, int End, int First, int Count);
}
