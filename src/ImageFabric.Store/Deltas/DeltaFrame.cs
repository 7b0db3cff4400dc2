namespace ImageFabric.Store.Deltas;

/// <summary>Chunks that follow one another in the order of a disk.</summary>
/// <param name="First">Number of the first.</param>
/// <param name="Count">How many, 1 or more.</param>
internal readonly record struct ChunkRun(int First, int Count)
{
    /// <summary>The number behind the last.</summary>
    public int End => First + Count;

    /// <summary>Chunks by their numbers, ascending, as runs.</summary>
    public static ChunkRun[] Of(IEnumerable<int> chunks)
    {
        var runs = new List<ChunkRun>();
        foreach (int chunk in chunks)
        {
            if (runs.Count > 0 && runs[^1].End == chunk)
                runs[^1] = runs[^1] with { Count = runs[^1].Count + 1 };
            else
                runs.Add(new ChunkRun(chunk, 1));
        }

        return [.. runs];
    }
}

/// <summary>A frame of a delta: chunks of the image that it leads to, compressed with chunks of the image that it starts from as the prefix.</summary>
/// <param name="Offset">Its first byte in the delta.</param>
/// <param name="StoredLength">Its bytes.</param>
/// <param name="Chunks">Those that it gives, in the order of their content.</param>
/// <param name="Prefix">Those that must be there, in the order of their content.</param>
internal readonly record struct DeltaFrame(long Offset, int StoredLength, ChunkRun[] Chunks, ChunkRun[] Prefix);
