using System.Runtime.InteropServices;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Format;

/// <summary>
/// The rows of an index, in the order of the disk: first added, then read by any number of threads. The first <see cref="InMemory"/> blocks of them stay
/// in memory; a larger image's rows lie in a temporary file without a name, so that they take no more memory however large the image is.
/// </summary>
internal sealed class ChunkRows : IDisposable
{
    private const int InMemory = 8;
    private const int BlockRows = FormatLimits.SectionRows;

    private static readonly int RowLength = Marshal.SizeOf<IndexedChunk>();

    private readonly List<IndexedChunk[]> blocks = [];
    private IndexedChunk[] open = new IndexedChunk[BlockRows];
    private int used;
    private int spilled;
    private TemporaryFile? file;

    /// <summary>How many there are.</summary>
    public int Length => ((blocks.Count + spilled) * BlockRows) + used;

    /// <summary>One of them.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public IndexedChunk this[int row]
    {
        get
        {
            IndexedChunk found = default;
            CopyTo(row, new Span<IndexedChunk>(ref found));
            return found;
        }
    }

    /// <summary>Copies some that follow one another.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public void CopyTo(int first, Span<IndexedChunk> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)first, (uint)(Length - destination.Length));
        while (destination.Length > 0)
        {
            int block = first / BlockRows;
            int at = first % BlockRows;
            Span<IndexedChunk> part = destination[..Math.Min(destination.Length, BlockRows - at)];
            if (block < blocks.Count)
                blocks[block].AsSpan(at, part.Length).CopyTo(part);
            else if (block == blocks.Count + spilled)
                open.AsSpan(at, part.Length).CopyTo(part);
            else
                file!.Read(MemoryMarshal.AsBytes(part), (first - ((long)blocks.Count * BlockRows)) * RowLength);
            destination = destination[part.Length..];
            first += part.Length;
        }
    }

    /// <summary>Adds the next row.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public void Add(in IndexedChunk row)
    {
        open[used++] = row;
        if (used < open.Length)
            return;
        used = 0;
        if (blocks.Count < InMemory)
        {
            blocks.Add(open);
            open = new IndexedChunk[BlockRows];
            return;
        }

        file ??= TemporaryFile.Create();
        file.Write(MemoryMarshal.AsBytes<IndexedChunk>(open), (long)spilled * BlockRows * RowLength);
        spilled++;
    }

    /// <summary>All rows, in blocks of <see cref="FormatLimits.SectionRows"/> but the last, each good until the next is asked for.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public IEnumerable<ReadOnlyMemory<IndexedChunk>> Blocks()
    {
        foreach (IndexedChunk[] block in blocks)
            yield return block;
        if (spilled > 0)
        {
            var block = new IndexedChunk[BlockRows];
            for (int s = 0; s < spilled; s++)
            {
                file!.Read(MemoryMarshal.AsBytes(block.AsSpan()), (long)s * BlockRows * RowLength);
                yield return block;
            }
        }

        if (used > 0)
            yield return open.AsMemory(0, used);
    }

    /// <summary>Goes through all rows.</summary>
    /// <exception cref="StoreException"><c>TemporaryFileFailed</c>.</exception>
    public Enumerator GetEnumerator() => new(this);

    public void Dispose() => file?.Dispose();

    /// <summary>Stands at one row after the other.</summary>
    public ref struct Enumerator : IDisposable
    {
        private readonly IEnumerator<ReadOnlyMemory<IndexedChunk>> blocks;
        private ReadOnlySpan<IndexedChunk> block;
        private int at;

        internal Enumerator(ChunkRows rows)
        {
            blocks = rows.Blocks().GetEnumerator();
            at = -1;
        }

        /// <summary>Good until the next step.</summary>
        public readonly ref readonly IndexedChunk Current => ref block[at];

        public bool MoveNext()
        {
            if (++at < block.Length)
                return true;
            if (!blocks.MoveNext())
                return false;
            block = blocks.Current.Span;
            at = 0;
            return true;
        }

        public readonly void Dispose() => blocks.Dispose();
    }
}
