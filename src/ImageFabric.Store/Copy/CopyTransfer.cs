using ImageFabric.Store.Format;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Copy;

/// <summary>What the copy of one image has moved so far. Used from many threads at once.</summary>
internal sealed class CopyTransfer(long expected, long bytesReused, int packsReused, IProgress<TransferProgress>? progress)
{
    private long bytesCopied;
    private int packsCopied;

    public void AddPack(long bytes)
    {
        Interlocked.Increment(ref packsCopied);
        Add(bytes);
    }

    public void Add(long bytes)
    {
        long done = Interlocked.Add(ref bytesCopied, bytes) + bytesReused;

        // A pack may hold chunks of other images too, so that more is moved than the image alone takes.
        progress?.Report(new TransferProgress(done, Math.Max(done, expected)));
    }

    public CopyOutcome Outcome(Manifest manifest, bool created) => new(manifest, created, bytesCopied, bytesReused, packsCopied, packsReused);
}
