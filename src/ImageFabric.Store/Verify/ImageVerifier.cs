using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.Verify;

/// <summary>Reads everything a published image needs and checks it.</summary>
public static class ImageVerifier
{
    private const int ParallelReads = 8;

    /// <summary>Checks an image.</summary>
    /// <exception cref="StoreException">The first damage found: <c>IndexCorrupt</c>, <c>ManifestCorrupt</c>, <c>PackCorrupt</c>, <c>ObjectMissing</c>.</exception>
    public static async Task<VerifyOutcome> RunAsync(IObjectSource source, Manifest manifest, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        ImageIndex index = await ImageCatalog.ReadIndexAsync(source, manifest, cancellationToken).ConfigureAwait(false);
        using var contents = new FrameContents(index);
        var reads = new FrameReads(source, index, contents);
        long done = 0;
        long chunks = 0;
        await reads.RunAsync([.. Enumerable.Range(0, index.Frames.Length)], ParallelReads, Count, cancellationToken).ConfigureAwait(false);
        return new VerifyOutcome(chunks, reads.BytesFetched + manifest.IndexSize);

        ValueTask Count(int frame, ReadOnlyMemory<byte> stored, ReadOnlyMemory<byte> content, CancellationToken stop)
        {
            Interlocked.Add(ref chunks, contents.ChunksOf(frame).Length);
            progress?.Report(new TransferProgress(Interlocked.Add(ref done, index.Frames[frame].StoredLength), index.StoredSize));
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>What a check read.</summary>
/// <param name="ChunksVerified">Chunks of the disk whose content was checked.</param>
/// <param name="BytesFetched">Bytes read from the store.</param>
public sealed record VerifyOutcome(long ChunksVerified, long BytesFetched);
