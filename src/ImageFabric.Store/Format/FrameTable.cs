namespace ImageFabric.Store.Format;

/// <summary>The frames and packs that an image's chunks use, out of all that are known: first told of every chunk, then sorted, then asked for new numbers.</summary>
internal sealed class FrameTable(IReadOnlyList<byte[]> knownPacks, IReadOnlyList<PackFrame> knownFrames)
{
    private readonly bool[] used = new bool[knownFrames.Count];
    private readonly int[] numbers = new int[knownFrames.Count];
    private readonly List<byte[]> packs = [];

    /// <summary>Digests of the packs that are used, once sorted.</summary>
    public IReadOnlyList<byte[]> Packs => packs;

    /// <summary>The frames that are used by pack and place, once sorted.</summary>
    public PackFrame[] Frames { get; private set; } = [];

    /// <summary>Tells it of a chunk whose frame is numbered as it is known.</summary>
    public void Use(in IndexedChunk chunk) => used[chunk.Frame] = true;

    /// <summary>Brings what is used into its order.</summary>
    public void Sort()
    {
        int count = used.Count(u => u);
        int[] order = new int[count];
        int[] packNumber = new int[knownPacks.Count];
        Array.Fill(packNumber, -1);
        for (int f = 0, next = 0; f < used.Length; f++)
        {
            if (!used[f])
                continue;
            order[next++] = f;
            ref int number = ref packNumber[knownFrames[f].Pack];
            if (number >= 0)
                continue;
            number = packs.Count;
            packs.Add(knownPacks[knownFrames[f].Pack]);
        }

        long[] places = new long[count];
        for (int i = 0; i < count; i++)
            places[i] = ((long)packNumber[knownFrames[order[i]].Pack] << 32) | (uint)knownFrames[order[i]].Offset;
        Array.Sort(places, order);
        Frames = new PackFrame[count];
        for (int i = 0; i < count; i++)
        {
            numbers[order[i]] = i;
            Frames[i] = knownFrames[order[i]] with { Pack = packNumber[knownFrames[order[i]].Pack] };
        }
    }

    /// <summary>A chunk with the sorted number of its frame.</summary>
    public IndexedChunk Renumber(in IndexedChunk chunk) => chunk with { Frame = numbers[chunk.Frame] };
}
