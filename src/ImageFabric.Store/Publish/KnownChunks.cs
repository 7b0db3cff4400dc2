using System.Runtime.InteropServices;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Publish;

/// <summary>
/// Chunks whose place is known: those of the store's images, of packs that an interrupted publish left, and those met on the way. It keeps to a budget of
/// memory: beyond it less is deduplicated and nothing fails.
/// </summary>
/// <param name="budget">Bytes of memory for chunks.</param>
internal sealed class KnownChunks(long budget)
{
    private readonly ChunkTable places = new();

    // Frames are reserved where the disk is read and placed where packs are filled, packs are reserved there and named where they are sent: a list
    // that grows under one of them would lose what another writes.
    private readonly Lock gate = new();
    private readonly List<PackFrame> frames = [];
    private readonly List<byte[]> packs = [];
    private readonly Dictionary<long, int> frameNumbers = [];
    private readonly Dictionary<string, int> packNumbers = new(StringComparer.Ordinal);

    /// <summary>True when no further chunk is taken in.</summary>
    public bool Full => (long)places.Count * ChunkTable.BytesPerChunk >= budget;

    /// <summary>True when the store has another version of the image.</summary>
    public bool HasRelatives { get; set; }

    /// <summary>All frames, once those that were reserved have their places.</summary>
    public IReadOnlyList<PackFrame> Frames => frames;

    /// <summary>Digests of all packs, once those that were reserved have their names.</summary>
    public IReadOnlyList<byte[]> Packs => packs;

    /// <summary>Where a chunk's content is, if it is known.</summary>
    public bool TryFind(in ChunkDigest digest, out int frame, out int offsetInFrame) => places.TryFind(digest, out frame, out offsetInFrame);

    /// <summary>Makes a chunk known.</summary>
    public void Add(in ChunkDigest digest, int frame, int offsetInFrame)
    {
        if (!Full && !places.TryFind(digest, out _, out _))
            places.Add(digest, frame, offsetInFrame);
    }

    /// <summary>A number for a frame that has no place in a pack yet.</summary>
    public int ReserveFrame()
    {
        lock (gate)
        {
            frames.Add(default);
            return frames.Count - 1;
        }
    }

    public void PlaceFrame(int frame, PackFrame place)
    {
        lock (gate)
            frames[frame] = place;
    }

    /// <summary>A number for a pack that has no name yet.</summary>
    public int ReservePack()
    {
        lock (gate)
        {
            packs.Add([]);
            return packs.Count - 1;
        }
    }

    public void NamePack(int pack, byte[] digest)
    {
        lock (gate)
            packs[pack] = digest;
    }

    /// <summary>Makes an image's chunks known, of those packs that are there.</summary>
    /// <exception cref="FormatException">The index is damaged.</exception>
    public void AddIndex(IndexReader index, Func<string, bool> packExists)
    {
        int[] packNumber = [.. index.Packs.Select(pack => packExists(ObjectKeys.Pack(pack)) ? PackNumber(pack) : -1)];
        int[] frameNumber = new int[index.Frames.Length];
        for (int f = 0; f < frameNumber.Length; f++)
            frameNumber[f] = packNumber[index.Frames[f].Pack] is >= 0 and var pack ? FrameNumber(index.Frames[f] with { Pack = pack }) : -1;
        for (ReadOnlySpan<IndexedChunk> chunks = index.NextChunks(); chunks.Length > 0 && !Full; chunks = index.NextChunks())
        {
            foreach (ref readonly IndexedChunk chunk in chunks)
            {
                if (frameNumber[chunk.Frame] >= 0)
                    Add(chunk.Digest, frameNumber[chunk.Frame], chunk.OffsetInFrame);
            }
        }
    }

    /// <summary>Makes the chunks of a pack known by what the pack says of itself.</summary>
    public void AddPack(byte[] digest, PackFooter footer)
    {
        int pack = PackNumber(digest);
        int[] frameNumber = [.. footer.Frames.Select(frame => FrameNumber(frame with { Pack = pack }))];
        foreach (PackChunk chunk in footer.Chunks)
            Add(chunk.Digest, frameNumber[chunk.Frame], chunk.OffsetInFrame);
    }

    // Several images may use different chunks of one frame: an index names it once.
    private int FrameNumber(PackFrame frame)
    {
        ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(frameNumbers, ((long)frame.Pack << 32) | (uint)frame.Offset, out bool known);
        if (!known)
        {
            number = frames.Count;
            frames.Add(frame);
        }

        return number;
    }

    private int PackNumber(ReadOnlySpan<byte> digest)
    {
        ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(packNumbers, Convert.ToHexStringLower(digest), out bool known);
        if (!known)
        {
            number = packs.Count;
            packs.Add(digest.ToArray());
        }

        return number;
    }
}
