using ImageFabric.Disks;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Format;

/// <summary>
/// The list of an image's chunks and the frames and packs that hold them. Store format, "Index". An instance is whole and checked: chunks ascend
/// and lie within the disk, frames lie within packs, every chunk lies within its frame.
/// </summary>
public sealed class ImageIndex
{
    private readonly byte[][] packs;
    private readonly PackFrame[] frames;

    // Nobody disposes of it, since nobody knows who reads last: its file has no name, and goes with the last of it.
    private readonly ChunkRows chunks;

    private ImageIndex(long virtualSize, ChunkingProfile profile, byte[][] packs, PackFrame[] frames, ChunkRows chunks)
    {
        VirtualSize = virtualSize;
        Profile = profile;
        this.packs = packs;
        this.frames = frames;
        this.chunks = chunks;
        using var hasher = new ImageId.Hasher(virtualSize);
        foreach (ref readonly IndexedChunk chunk in chunks)
        {
            hasher.Append(chunk.Offset, chunk.Length, chunk.Digest);
            DataSize += chunk.Length;
        }

        ImageId = hasher.Finish();
    }

    /// <summary>The image's id, computed from the chunks.</summary>
    public ImageId ImageId { get; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    public long VirtualSize { get; }

    /// <summary>How the disk was cut.</summary>
    public ChunkingProfile Profile { get; }

    /// <summary>Bytes of the disk that are not holes.</summary>
    public long DataSize { get; }

    /// <summary>Bytes of all frames that a host without any seed fetches.</summary>
    public long StoredSize => frames.Sum(f => (long)f.StoredLength);

    internal ChunkRows Chunks => chunks;

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
        foreach (ref readonly IndexedChunk chunk in chunks)
        {
            if (extents.Count > 0 && extents[^1].End == chunk.Offset)
                extents[^1] = new DiskExtent(extents[^1].Offset, extents[^1].Length + chunk.Length);
            else
                extents.Add(new DiskExtent(chunk.Offset, chunk.Length));
        }

        return extents;
    }

    /// <summary>Makes an index of chunks in disk order; packs and frames that no chunk uses are left out, and the others sorted by pack and place.</summary>
    internal static ImageIndex Create(long virtualSize, ChunkingProfile profile, IReadOnlyList<byte[]> packs, IReadOnlyList<PackFrame> frames, ChunkRows chunks)
    {
        var table = new FrameTable(packs, frames);
        foreach (ref readonly IndexedChunk chunk in chunks)
            table.Use(chunk);
        table.Sort();
        var rows = new ChunkRows();
        foreach (ref readonly IndexedChunk chunk in chunks)
            rows.Add(table.Renumber(chunk));
        return new ImageIndex(virtualSize, profile, [.. table.Packs], table.Frames, rows);
    }

    /// <summary>The same image, its packs under other names.</summary>
    internal ImageIndex WithPacks(byte[][] names) => new(VirtualSize, Profile, names, frames, chunks);

    /// <summary>The index as an object of the store.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    internal SpooledObject Serialize()
    {
        var written = new SpooledObject();
        using var writer = new IndexWriter(written, VirtualSize, Profile, packs, frames, chunks.Length);
        foreach (ReadOnlyMemory<IndexedChunk> block in chunks.Blocks())
            writer.WriteChunks(block.Span);
        return written;
    }

    /// <summary>True when an index may have that key and that many bytes.</summary>
    public static bool MayBe(string? key, long length) => key is not null && ObjectKeys.IndexDigest(key) is not null && length is > 0 and <= FormatLimits.LongestIndex;

    /// <summary>Makes sure that an object is the one its key names.</summary>
    /// <exception cref="StoreException"><c>IndexCorrupt</c>.</exception>
    internal static void RequireContent(SpooledObject bytes, string key)
    {
        if (ObjectKeys.Index(bytes.Digest()) != key)
            throw new StoreException("IndexCorrupt", key, $"The index {key} does not have the content its name promises.");
    }

    /// <summary>Reads an index object and checks all of it.</summary>
    /// <param name="bytes">The object.</param>
    /// <param name="key">Its key in the store, which its SHA-256 must match. Null for a copy whose key is not known.</param>
    /// <exception cref="StoreException"><c>IndexCorrupt</c>, <c>TemporaryFileFailed</c>.</exception>
    public static ImageIndex Parse(SpooledObject bytes, string? key)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        string found = ObjectKeys.Index(bytes.Digest());
        if (key is not null)
            RequireContent(bytes, key);
        try
        {
            using var reader = new IndexReader(bytes.OpenRead(), bytes.Length);
            var chunks = new ChunkRows();
            for (ReadOnlySpan<IndexedChunk> next = reader.NextChunks(); next.Length > 0; next = reader.NextChunks())
            {
                foreach (ref readonly IndexedChunk chunk in next)
                    chunks.Add(chunk);
            }

            return new ImageIndex(reader.VirtualSize, reader.Profile, reader.Packs, reader.Frames, chunks);
        }
        catch (FormatException malformed)
        {
            throw new StoreException("IndexCorrupt", found, $"The index {found} cannot be read: {malformed.Message}.", malformed);
        }
    }
}
