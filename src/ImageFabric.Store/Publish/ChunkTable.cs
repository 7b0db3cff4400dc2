using System.Runtime.InteropServices;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Publish;

/// <summary>
/// Digests and the places of their content: a hash table that grows by pages, so that it never copies what it holds, at 28 bytes a chunk and 4 to 8
/// for finding it. It knows the first 128 bits of a digest. An index names whole digests and every reader checks them, so that even
/// a pair of chunks made to agree in 128 bits could only make an image that is refused, not one that is wrong.
/// </summary>
internal sealed class ChunkTable
{
    /// <summary>What a chunk takes at most, in bytes.</summary>
    public const int BytesPerChunk = 28 + 8;

    private const int PageBits = 14;
    private const int PageLength = 1 << PageBits;

    private readonly List<Entry[]> pages = [];
    private int[] heads = new int[PageLength];

    public int Count { get; private set; }

    /// <summary>Where the content is, if the digest is known.</summary>
    public bool TryFind(in ChunkDigest digest, out int frame, out int offsetInFrame)
    {
        for (int number = heads[Bucket(digest.High)]; number > 0;)
        {
            ref readonly Entry entry = ref At(number - 1);
            if (entry.High == digest.High && entry.Low == digest.Low)
            {
                (frame, offsetInFrame) = (entry.Frame, entry.OffsetInFrame);
                return true;
            }

            number = entry.Next;
        }

        (frame, offsetInFrame) = (-1, 0);
        return false;
    }

    /// <summary>Adds a digest that is not there yet.</summary>
    public void Add(in ChunkDigest digest, int frame, int offsetInFrame)
    {
        if (Count == heads.Length)
            Widen();
        if (Count >> PageBits == pages.Count)
            pages.Add(GC.AllocateUninitializedArray<Entry>(PageLength));
        ref int head = ref heads[Bucket(digest.High)];
        At(Count) = new Entry { High = digest.High, Low = digest.Low, Frame = frame, OffsetInFrame = offsetInFrame, Next = head };
        head = ++Count;
    }

    private ref Entry At(int index) => ref pages[index >> PageBits][index & (PageLength - 1)];

    // A digest is as good as random.
    private int Bucket(ulong high) => (int)(high & (ulong)(heads.Length - 1));

    private void Widen()
    {
        heads = new int[heads.Length * 2];
        for (int i = 0; i < Count; i++)
        {
            ref Entry entry = ref At(i);
            ref int head = ref heads[Bucket(entry.High)];
            entry.Next = head;
            head = i + 1;
        }
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Entry
    {
        public ulong High;
        public ulong Low;
        public int Frame;
        public int OffsetInFrame;
        public int Next;
    }
}
