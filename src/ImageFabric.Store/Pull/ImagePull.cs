using ImageFabric.Disks;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Pull;

/// <summary>
/// Brings an image into a file: what an interrupted pull left is kept, what seeds hold is shared or copied, the rest is fetched. Every chunk is
/// checked, whatever it came from. The file is whole and on stable storage when this returns, and only then.
/// </summary>
public static class ImagePull
{
    /// <summary>Pulls an image.</summary>
    /// <param name="source">Where packs are read from.</param>
    /// <param name="index">The image.</param>
    /// <param name="path">The file; one that an interrupted pull of this image left goes on.</param>
    /// <param name="options">Format, seeds and limits.</param>
    /// <param name="cancellationToken">Stops it; the file stays and is not whole.</param>
    /// <exception cref="StoreException"><c>PackCorrupt</c>, <c>HostDiskFull</c>, <c>HostWriteFailed</c>, and what the source gives.</exception>
    /// <exception cref="DiskException">A seed cannot be read.</exception>
    public static async Task<PullOutcome> RunAsync(IObjectSource source, ImageIndex index, string path, PullOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await FillAsync(source, index, path, options, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException refused)
        {
            throw WriteFailed(path, refused);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw WriteFailed(path, refused);
        }
    }

    private static async Task<PullOutcome> FillAsync(IObjectSource source, ImageIndex index, string path, PullOptions options, CancellationToken cancellationToken)
    {
        var state = new PullState(index, options.Progress);
        bool resumed = File.Exists(path);
        await using IDiskTarget target = await DiskTarget.OpenAsync(path, options.Format, index.VirtualSize, index.DataExtents(), cancellationToken).ConfigureAwait(false);
        if (resumed)
            await PartialCheck.RunAsync(target, state, cancellationToken).ConfigureAwait(false);
        foreach (PullSeed seed in options.Seeds)
            await SeedCopy.RunAsync(target, state, seed, cancellationToken).ConfigureAwait(false);

        RoomCheck.Run(path, state.BytesMissing);
        var reads = new FrameReads(source, index);
        await reads.RunAsync(MissingFrames(state), options.Reads, Store, cancellationToken).ConfigureAwait(false);
        await target.CompleteAsync(cancellationToken).ConfigureAwait(false);
        return new PullOutcome(reads.BytesFetched, state.BytesReused);

        async ValueTask Store(int frame, ReadOnlyMemory<byte> content, CancellationToken stop)
        {
            for (int i = 0; i < reads.ChunksOf(frame).Length; i++)
            {
                int row = reads.ChunksOf(frame)[i];
                if (state.IsDone(row))
                    continue;
                IndexedChunk chunk = index.Chunks[row];
                await target.WriteAsync(chunk.Offset, content.Slice(chunk.OffsetInFrame, chunk.Length), stop).ConfigureAwait(false);
                state.Complete(row);
            }
        }
    }

    private static List<int> MissingFrames(PullState state)
    {
        bool[] missing = new bool[state.Index.Frames.Length];
        for (int c = 0; c < state.Index.Chunks.Length; c++)
            missing[state.Index.Chunks[c].Frame] |= !state.IsDone(c);
        return [.. Enumerable.Range(0, missing.Length).Where(f => missing[f])];
    }

    private static StoreException WriteFailed(string path, Exception cause)
    {
        const int NoSpace = 28;
        const int QuotaExceeded = 122;
        const int WindowsDiskFull = unchecked((int)0x80070070);
        return cause.HResult is NoSpace or QuotaExceeded or WindowsDiskFull
            ? new StoreException("HostDiskFull", path, $"There is no room for the image: {cause.Message}", cause)
            : new StoreException("HostWriteFailed", path, $"The image cannot be written: {cause.Message}", cause);
    }
}
