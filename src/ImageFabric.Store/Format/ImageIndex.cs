using System.Security.Cryptography;
using ImageFabric.Disks;

namespace ImageFabric.Store.Format;

/// <summary>
/// The list of an image's chunks and the frames and packs that hold them. Store format, "Index". An instance is whole and checked: chunks ascend
/// and lie within the disk, frames lie within packs, every chunk lies within its frame.
/// </summary>
public sealed class ImageIndex
{
    private readonly byte[][] packs;
    private readonly PackFrame[] frames;
    private readonly IndexedChunk[] chunks;

    private ImageIndex(long virtualSize, ChunkingProfile profile, byte[][] packs, PackFrame[] frames, IndexedChunk[] chunks)
    {
        VirtualSize = virtualSize;
        Profile = profile;
        this.packs = packs;
        this.frames = frames;
        this.chunks = chunks;
        using var hasher = new ImageId.Hasher(virtualSize);
        foreach (ref readonly IndexedChunk chunk in chunks.AsSpan())
            hasher.Append(chunk.Offset, chunk.Length, chunk.Digest);
        ImageId = hasher.Finish();
    }

    /// <summary>The image's id, computed from the chunks.</summary>
    public ImageId ImageId { get; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    public long VirtualSize { get; }

    /// <summary>How the disk was cut.</summary>
    public ChunkingProfile Profile { get; }

    /// <summary>Bytes of the disk that are not holes.</summary>
    public long DataSize => chunks.Sum(c => (long)c.Length);

    /// <summary>Bytes of all frames that a host without any seed fetches.</summary>
    public long StoredSize => frames.Sum(f => (long)f.StoredLength);

    internal ReadOnlySpan<IndexedChunk> Chunks => chunks;

    internal ReadOnlySpan<PackFrame> Frames => frames;

    internal int PackCount => packs.Length;

    internal ReadOnlySpan<byte> PackDigest(int pack) => packs[pack];

    internal string PackKey(int pack) => ObjectKeys.Pack(packs[pack]);

    /// <summary>For each pack the byte behind the last of its frames that this image uses.</summary>
    internal int[] PackEnds()
    {
        int[] ends = new int[packs.Length];
        foreach (PackFrame frame in frames)
            ends[frame.Pack] = Math.Max(ends[frame.Pack], frame.Offset + frame.StoredLength);
        return ends;
    }

    /// <summary>The runs of the disk that hold chunks, touching ones joined, in ascending order.</summary>
    internal List<DiskExtent> DataExtents()
    {
        var extents = new List<DiskExtent>();
        foreach (IndexedChunk chunk in chunks)
        {
            if (extents.Count > 0 && extents[^1].End == chunk.Offset)
                extents[^1] = new DiskExtent(extents[^1].Offset, extents[^1].Length + chunk.Length);
            else
                extents.Add(new DiskExtent(chunk.Offset, chunk.Length));
        }

        return extents;
    }

    /// <summary>Makes an index of chunks in disk order; packs and frames that no chunk uses are left out, and the others sorted by pack and place.</summary>
    internal static ImageIndex Create(long virtualSize, ChunkingProfile profile, IReadOnlyList<byte[]> packs, IReadOnlyList<PackFrame> frames, ReadOnlySpan<IndexedChunk> chunks)
    {
        var table = new FrameTable(packs, frames);
        table.Use(chunks);
        table.Sort();
        var rows = new IndexedChunk[chunks.Length];
        table.Renumber(chunks, rows);
        return new ImageIndex(virtualSize, profile, [.. table.Packs], table.Frames, rows);
    }

    /// <summary>The same image, its packs under other names.</summary>
    internal ImageIndex WithPacks(byte[][] names) => new(VirtualSize, Profile, names, frames, chunks);

    /// <summary>The index as an object of the store.</summary>
    internal byte[] Serialize()
    {
        using var writer = new IndexWriter(VirtualSize, Profile, packs, frames, chunks.Length);
        for (int first = 0; first < chunks.Length; first += FormatLimits.SectionRows)
            writer.WriteChunks(chunks.AsSpan(first, Math.Min(chunks.Length - first, FormatLimits.SectionRows)));
        return writer.Written.ToArray();
    }

    /// <summary>Reads an index object and checks all of it.</summary>
    /// <param name="bytes">The object.</param>
    /// <param name="key">Its key in the store, which its SHA-256 must match. Null for a copy whose key is not known.</param>
    /// <exception cref="StoreException"><c>IndexCorrupt</c>.</exception>
    public static ImageIndex Parse(byte[] bytes, string? key)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        string found = ObjectKeys.Index(SHA256.HashData(bytes));
        if (key is not null && found != key)
            throw new StoreException("IndexCorrupt", key, $"The index {key} does not have the content its name promises.");
        try
        {
            using var reader = new IndexReader(new MemoryStream(bytes, writable: false), bytes.Length);
            var chunks = new IndexedChunk[reader.ChunkCount];
            int count = 0;
            for (ReadOnlySpan<IndexedChunk> next = reader.NextChunks(); next.Length > 0; next = reader.NextChunks())
            {
                next.CopyTo(chunks.AsSpan(count));
                count += next.Length;
            }

            return new ImageIndex(reader.VirtualSize, reader.Profile, reader.Packs, reader.Frames, chunks);
        }
        catch (FormatException malformed)
        {
            throw new StoreException("IndexCorrupt", found, $"The index {found} cannot be read: {malformed.Message}.", malformed);
        }
    }
}
