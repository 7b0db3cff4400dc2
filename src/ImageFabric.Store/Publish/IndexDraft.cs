using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ImageFabric.Store.Format;

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
        foreach (Memory<IndexedChunk> block in rows.Blocks())
            table.Use(block.Span);
        table.Sort();
        using var writer = new IndexWriter(virtualSize, profile, table.Packs, table.Frames, rows.Count);
        IndexedChunk[] section = new IndexedChunk[Math.Min(rows.Count, FormatLimits.SectionRows)];
        foreach (Memory<IndexedChunk> block in rows.Blocks())
        {
            Span<IndexedChunk> renumbered = section.AsSpan(0, block.Length);
            table.Renumber(block.Span, renumbered);
            writer.WriteChunks(renumbered);
        }

        long storedSize = table.Frames.Sum(f => (long)f.StoredLength);
        return new FinishedIndex(writer.Written, Identify(writer.Written), virtualSize, DataSize, storedSize, [.. table.Packs.Select(p => ObjectKeys.Pack(p))]);
    }

    public void Dispose() => rows.Dispose();

    // What nobody can read must never get a name: the id is that of the object as a reader finds it.
    private ImageId Identify(ReadOnlyMemory<byte> written)
    {
        MemoryMarshal.TryGetArray(written, out ArraySegment<byte> bytes);
        using var reader = new IndexReader(new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false), bytes.Count);
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
/// <param name="Bytes">The object.</param>
/// <param name="ImageId">The image's id.</param>
/// <param name="VirtualSize">Size of the disk, in bytes.</param>
/// <param name="DataSize">Bytes of all chunks.</param>
/// <param name="StoredSize">Bytes of all frames.</param>
/// <param name="PackKeys">The packs that it names.</param>
internal sealed record FinishedIndex(ReadOnlyMemory<byte> Bytes, ImageId ImageId, long VirtualSize, long DataSize, long StoredSize, IReadOnlyList<string> PackKeys)
{
    private string? key;

    /// <summary>Its key in a store.</summary>
    public string Key => key ??= ObjectKeys.Index(SHA256.HashData(Bytes.Span));

    /// <summary>The same index under another name, which no object has had.</summary>
    public FinishedIndex Renamed(byte[] salt) => this with { Bytes = (byte[])[.. Bytes.Span, .. salt], key = null };
}
