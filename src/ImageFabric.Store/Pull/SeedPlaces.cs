using ImageFabric.Store.Format;

namespace ImageFabric.Store.Pull;

/// <summary>
/// Where on a seed the chunks lie that are wanted: first told which are, then where they are. It takes 16 bytes for each, and knows a chunk by 64 bits of its digest: who takes
/// content by it checks the content.
/// </summary>
/// <param name="most">The most chunks that will be wanted.</param>
internal sealed class SeedPlaces(int most)
{
    private const long Unknown = -1;

    // A quarter of the entries stays free, so that what is looked for is near where it would be.
    private readonly Entry[] entries = new Entry[most + (most / 3) + 1];

    /// <summary>How many chunks are wanted.</summary>
    public int Count { get; private set; }

    /// <summary>Asks for a chunk.</summary>
    public void Want(in ChunkDigest digest)
    {
        ref Entry entry = ref Find(KeyOf(digest));
        if (entry.Key != 0)
            return;
        entry = new Entry { Key = KeyOf(digest), Offset = Unknown };
        Count++;
    }

    /// <summary>Tells where a chunk lies; the first place counts, and of chunks that nobody wants none.</summary>
    public void Tell(in ChunkDigest digest, long offset)
    {
        ref Entry entry = ref Find(KeyOf(digest));
        if (entry.Key != 0 && entry.Offset == Unknown)
            entry.Offset = offset;
    }

    /// <summary>Where a chunk lies, if that is known.</summary>
    public bool TryFind(in ChunkDigest digest, out long offset)
    {
        ref readonly Entry entry = ref Find(KeyOf(digest));
        offset = entry.Offset;
        return entry.Key != 0 && offset != Unknown;
    }

    // 0 is a free entry.
    private static ulong KeyOf(in ChunkDigest digest) => digest.High == 0 ? 1 : digest.High;

    private ref Entry Find(ulong key)
    {
        int at = (int)Math.BigMul(key, (ulong)entries.Length, out _);
        while (entries[at].Key != 0 && entries[at].Key != key)
            at = at + 1 == entries.Length ? 0 : at + 1;
        return ref entries[at];
    }

    private struct Entry
    {
        public ulong Key;
        public long Offset;
    }
}
