using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Publish;

/// <summary>An index that is being made, and then the object it became.</summary>
internal sealed class IndexDraft(ChunkingProfile profile) : IDisposable
{
    private readonly ChunkRows rows = new();

    /// <summary>Bytes of all chunks.</summary>
    public long DataSize { get; private set; }

    /// <summary>Adds the next chunk of the disk, its frame numbered as it is known.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public void Add(in IndexedChunk chunk)
    {
        rows.Add(chunk);
        DataSize += chunk.Length;
    }

    /// <summary>Writes the object, once every frame has its place and every pack its name.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public FinishedIndex Finish(long virtualSize, IReadOnlyList<byte[]> packs, IReadOnlyList<PackFrame> frames)
    {
        var table = new FrameTable(packs, frames);
        foreach (ref readonly IndexedChunk chunk in rows)
            table.Use(chunk);
        table.Sort();
        var written = new SpooledObject();
        try
        {
            Write(written, table, virtualSize);
            long storedSize = table.Frames.Sum(f => (long)f.StoredLength);
            return new FinishedIndex(written, Identify(written), virtualSize, DataSize, storedSize, [.. table.Packs.Select(p => ObjectKeys.Pack(p))]);
        }
        catch
        {
            written.Dispose();
            throw;
        }
    }

    public void Dispose() => rows.Dispose();

    private void Write(SpooledObject destination, FrameTable table, long virtualSize)
    {
        using var writer = new IndexWriter(destination, virtualSize, profile, table.Packs, table.Frames, rows.Length);
        var section = new IndexedChunk[Math.Min(rows.Length, FormatLimits.SectionRows)];
        foreach (ReadOnlyMemory<IndexedChunk> block in rows.Blocks())
        {
            for (int c = 0; c < block.Length; c++)
                section[c] = table.Renumber(block.Span[c]);
            writer.WriteChunks(section.AsSpan(0, block.Length));
        }
    }

    // What nobody can read must never get a name: the id is that of the object as a reader finds it.
    private ImageId Identify(SpooledObject written)
    {
        using var reader = new IndexReader(written.OpenRead(), written.Length);
        using var hasher = new ImageId.Hasher(reader.VirtualSize);
        long dataSize = 0;
        for (ReadOnlySpan<IndexedChunk> chunks = reader.NextChunks(); chunks.Length > 0; chunks = reader.NextChunks())
        {
            foreach (ref readonly IndexedChunk chunk in chunks)
            {
                hasher.Append(chunk.Offset, chunk.Length, chunk.Digest);
                dataSize += chunk.Length;
            }
        }

        return dataSize == DataSize ? hasher.Finish() : throw new FormatException("the index does not hold what was written");
    }
}

/// <summary>An index as it goes into the store.</summary>
/// <param name="Object">The object; disposed of with this.</param>
/// <param name="ImageId">The image's id.</param>
/// <param name="VirtualSize">Size of the disk, in bytes.</param>
/// <param name="DataSize">Bytes of all chunks.</param>
/// <param name="StoredSize">Bytes of all frames.</param>
/// <param name="PackKeys">The packs that it names.</param>
internal sealed record FinishedIndex(SpooledObject Object, ImageId ImageId, long VirtualSize, long DataSize, long StoredSize, IReadOnlyList<string> PackKeys) : IDisposable
{
    /// <summary>Its key in a store.</summary>
    public string Key { get; private set; } = ObjectKeys.Index(Object.Digest());

    /// <summary>Gives the same index another name, which no object has had.</summary>
    public void Rename(byte[] salt)
    {
        Object.Append(salt);
        Key = ObjectKeys.Index(Object.Digest());
    }

    public void Dispose() => Object.Dispose();
}
