using ImageFabric.Store.Format;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Pull;

/// <summary>Which chunks of an image are in place, and what that took. Used from many threads at once.</summary>
internal sealed class PullState
{
    private readonly bool[] done;
    private readonly IProgress<TransferProgress>? progress;
    private readonly long total;
    private int chunksMissing;
    private long bytesDone;
    private long bytesReused;
    private long bytesFetched;
    private long bytesToFetch = -1;

    public PullState(ImageIndex index, IProgress<TransferProgress>? progress)
    {
        Index = index;
        done = new bool[index.Chunks.Length];
        chunksMissing = done.Length;
        total = index.DataSize;
        this.progress = progress;
    }

    public ImageIndex Index { get; }

    public long BytesReused => Interlocked.Read(ref bytesReused);

    /// <summary>Bytes of the disk that are not in place yet.</summary>
    public long BytesMissing => total - Interlocked.Read(ref bytesDone);

    /// <summary>Chunks that are not in place yet.</summary>
    public int ChunksMissing => Volatile.Read(ref chunksMissing);

    public bool IsDone(int chunk) => Volatile.Read(ref done[chunk]);

    /// <summary>A chunk of <paramref name="length"/> bytes that was here already is in place.</summary>
    public void Reused(int chunk, int length)
    {
        if (TryComplete(chunk, length))
            Interlocked.Add(ref bytesReused, length);
        Report();
    }

    /// <summary>A chunk of <paramref name="length"/> bytes is in place.</summary>
    public void Complete(int chunk, int length)
    {
        TryComplete(chunk, length);
        Report();
    }

    /// <summary>What is not here is known now: so many bytes are to cross the wire.</summary>
    public void Fetching(long bytes)
    {
        Interlocked.Exchange(ref bytesToFetch, bytes);
        Report();
    }

    /// <summary>Bytes have crossed the wire.</summary>
    public void Fetched(int bytes)
    {
        Interlocked.Add(ref bytesFetched, bytes);
        Report();
    }

    /// <summary>The frames that hold chunks which are not in place, ascending.</summary>
    /// <param name="given">Chunks that come from elsewhere, and count as in place. Null: none does.</param>
    public List<int> MissingFrames(bool[]? given = null)
    {
        bool[] missing = new bool[Index.Frames.Length];
        int row = 0;
        foreach (ref readonly IndexedChunk chunk in Index.Chunks)
        {
            missing[chunk.Frame] |= !IsDone(row) && given?[row] is not true;
            row++;
        }

        return [.. Enumerable.Range(0, missing.Length).Where(f => missing[f])];
    }

    // The same chunk can come from two sources at the same moment; it counts once.
    private bool TryComplete(int chunk, int length)
    {
        if (Interlocked.Exchange(ref done[chunk], true))
            return false;
        Interlocked.Decrement(ref chunksMissing);
        Interlocked.Add(ref bytesDone, length);
        return true;
    }

    private void Report() => progress?.Report(new TransferProgress(Interlocked.Read(ref bytesDone), total)
    {
        ToFetch = Interlocked.Read(ref bytesToFetch) is >= 0 and var known ? known : null,
        Fetched = Interlocked.Read(ref bytesFetched),
        Reused = BytesReused,
    });
}
