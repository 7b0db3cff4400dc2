using System.Numerics;

namespace ImageFabric.Store.Deltas;

/// <summary>Finds chunks of an image by samples of their content: a table of bounded size, at 8 bytes a sample. Filled from several threads at once, then read.</summary>
internal sealed class SampleTable
{
    /// <summary>The most samples, however many chunks there are: 64 MiB.</summary>
    private const int MostSamples = 1 << 22;

    // A sample that so many chunks have says little of any of them.
    private const int MostChunks = 4;

    private readonly Lock gate = new();
    private readonly Entry[] entries;
    private readonly int mask;
    private int used;

    /// <param name="chunks">How many chunks will be added.</param>
    public SampleTable(int chunks)
    {
        SamplesPerChunk = Math.Clamp(MostSamples / Math.Max(chunks, 1), 1, ContentSamples.Most);
        long wanted = Math.Min((long)chunks * SamplesPerChunk, MostSamples);
        entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)Math.Max(wanted * 2, 16))];
        mask = entries.Length - 1;
    }

    /// <summary>Samples to be taken of each chunk.</summary>
    public int SamplesPerChunk { get; }

    /// <summary>Adds a chunk; beyond the table's size it is left out.</summary>
    public void Add(ReadOnlySpan<ulong> samples, int chunk)
    {
        lock (gate)
        {
            foreach (ulong sample in samples)
            {
                if (used >= entries.Length / 4 * 3)
                    return;
                Add(sample, chunk);
            }
        }
    }

    /// <summary>Counts for each chunk that has one of the samples how many it has.</summary>
    public void Count(ReadOnlySpan<ulong> samples, Dictionary<int, int> counts)
    {
        foreach (ulong sample in samples)
        {
            uint key = KeyOf(sample);
            for (int at = (int)(sample >> 32) & mask; entries[at].Key != 0; at = (at + 1) & mask)
            {
                if (entries[at].Key == key)
                    counts[entries[at].Chunk] = counts.GetValueOrDefault(entries[at].Chunk) + 1;
            }
        }
    }

    private void Add(ulong sample, int chunk)
    {
        uint key = KeyOf(sample);
        int same = 0;
        int at = (int)(sample >> 32) & mask;
        for (; entries[at].Key != 0; at = (at + 1) & mask)
        {
            if (entries[at].Key == key && ++same == MostChunks)
                return;
        }

        entries[at] = new Entry(key, chunk);
        used++;
    }

    // 0 is a free entry.
    private static uint KeyOf(ulong sample) => (uint)sample | 1;

    private readonly record struct Entry(uint Key, int Chunk);
}
