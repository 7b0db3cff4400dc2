using ImageFabric.Store.Format;

namespace ImageFabric.Store.Deltas;

/// <summary>Chooses the chunks of an image that most resemble given content: those that share samples with it, and their neighbours on the disk.</summary>
internal sealed class ResemblingChunks(SampleTable table, ChunkRows chunks)
{
    // Twice what a frame holds: room for what it was, and for what stood around that.
    private const int LongestChoice = 1024 * 1024;

    /// <summary>Chooses.</summary>
    /// <param name="contents">The content, chunk by chunk.</param>
    /// <returns>Numbers of chunks, ascending; together at most <see cref="FormatLimits.LongestPrefix"/>.</returns>
    public List<int> Choose(IEnumerable<ReadOnlyMemory<byte>> contents)
    {
        var shared = new Dictionary<int, int>();
        Span<ulong> samples = stackalloc ulong[ContentSamples.Most];
        samples = samples[..table.SamplesPerChunk];
        foreach (ReadOnlyMemory<byte> content in contents)
            table.Count(samples[..ContentSamples.Take(content.Span, samples)], shared);

        // What follows a resembling chunk, or goes before it, likely resembles what follows or goes before the content.
        var scores = new Dictionary<int, int>();
        foreach ((int chunk, int count) in shared)
        {
            Score(chunk, 2 * count);
            Score(chunk - 1, count);
            Score(chunk + 1, count);
        }

        var chosen = new List<int>();
        int length = 0;
        foreach (int chunk in scores.OrderByDescending(static s => s.Value).ThenBy(static s => s.Key).Select(static s => s.Key))
        {
            length += chunks[chunk].Length;
            if (length > LongestChoice)
                break;
            chosen.Add(chunk);
        }

        chosen.Sort();
        return chosen;

        void Score(int chunk, int score)
        {
            if (chunk >= 0 && chunk < chunks.Length)
                scores[chunk] = scores.GetValueOrDefault(chunk) + score;
        }
    }
}
