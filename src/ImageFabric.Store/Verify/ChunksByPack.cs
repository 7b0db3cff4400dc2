using ImageFabric.Store.Format;

namespace ImageFabric.Store.Verify;

/// <summary>The chunks that an index finds in each of its packs.</summary>
internal sealed class ChunksByPack
{
    private readonly ImageIndex index;
    private readonly int[] rows;
    private readonly int[] start;

    public ChunksByPack(ImageIndex index)
    {
        this.index = index;
        start = new int[index.PackCount + 1];
        foreach (ref readonly IndexedChunk chunk in index.Chunks)
            start[index.Frames[chunk.Frame].Pack + 1]++;
        for (int p = 0; p < index.PackCount; p++)
            start[p + 1] += start[p];
        int[] next = start[..^1];
        rows = new int[index.Chunks.Length];
        int row = 0;
        foreach (ref readonly IndexedChunk chunk in index.Chunks)
            rows[next[index.Frames[chunk.Frame].Pack]++] = row++;
    }

    public int Count(int pack) => start[pack + 1] - start[pack];

    public long StoredBytes(int pack)
    {
        long bytes = 0;
        foreach (PackFrame frame in index.Frames)
            bytes += frame.Pack == pack ? frame.StoredLength : 0;
        return bytes;
    }

    /// <summary>True when a pack has all of them where the index says.</summary>
    public bool AreIn(PackFooter footer, int pack)
    {
        var frames = new Dictionary<int, int>(footer.Frames.Count);
        for (int f = 0; f < footer.Frames.Count; f++)
            frames[footer.Frames[f].Offset] = f;
        var places = new Dictionary<(int Frame, int Offset), PackChunk>(footer.Chunks.Count);
        foreach (PackChunk chunk in footer.Chunks)
            places[(chunk.Frame, chunk.OffsetInFrame)] = chunk;
        for (int i = start[pack]; i < start[pack + 1]; i++)
        {
            IndexedChunk chunk = index.Chunks[rows[i]];
            PackFrame frame = index.Frames[chunk.Frame];
            if (!frames.TryGetValue(frame.Offset, out int f) || footer.Frames[f] with { Pack = frame.Pack } != frame ||
                !places.TryGetValue((f, chunk.OffsetInFrame), out PackChunk there) || there.Length != chunk.Length || !there.Digest.Equals(chunk.Digest))
                return false;
        }

        return true;
    }
}
