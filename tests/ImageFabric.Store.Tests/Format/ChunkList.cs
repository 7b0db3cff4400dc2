using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Format;

/// <summary>Rows of an index and bytes of an object as arrays.</summary>
internal static class ChunkList
{
    public static ChunkRows Of(IEnumerable<IndexedChunk> chunks)
    {
        var rows = new ChunkRows();
        foreach (IndexedChunk chunk in chunks)
            rows.Add(chunk);
        return rows;
    }

    public static IndexedChunk[] ToArray(this ChunkRows rows)
    {
        var copy = new IndexedChunk[rows.Length];
        rows.CopyTo(0, copy);
        return copy;
    }

    public static byte[] ToArray(this SpooledObject content)
    {
        byte[] copy = new byte[content.Length];
        content.Read(copy, 0);
        return copy;
    }
}
