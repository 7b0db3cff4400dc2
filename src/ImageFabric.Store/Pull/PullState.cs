using ImageFabric.Store.Format;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Pull;

/// <summary>Which chunks of an image are in place, and what that took. Used from many threads at once.</summary>
internal sealed class PullState
{
    private readonly bool[] done;
    private readonly IProgress<TransferProgress>? progress;
    private readonly long total;
    private long bytesDone;
    private long bytesReused;

    public PullState(ImageIndex index, IProgress<TransferProgress>? progress)
    {
        Index = index;
        done = new bool[index.Chunks.Length];
        total = index.DataSize;
        this.progress = progress;
    }

    public ImageIndex Index { get; }

    public long BytesReused => Interlocked.Read(ref bytesReused);

    /// <summary>Bytes of the disk that are not in place yet.</summary>
    public long BytesMissing => total - Interlocked.Read(ref bytesDone);

    public bool IsDone(int chunk) => Volatile.Read(ref done[chunk]);

    public void Reused(int chunk)
    {
        Interlocked.Add(ref bytesReused, Index.Chunks[chunk].Length);
        Complete(chunk);
    }

    public void Complete(int chunk)
    {
        Volatile.Write(ref done[chunk], true);
        long now = Interlocked.Add(ref bytesDone, Index.Chunks[chunk].Length);
        progress?.Report(new TransferProgress(now, total));
    }

}
