using ImageFabric.Disks;
using ImageFabric.Store.Deltas;
using ImageFabric.Store.FanOut;
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
        await using IDiskTarget target = await DiskTarget.OpenAsync(path, options.Format, index.VirtualSize, options.SectorSize, index.DataExtents(), cancellationToken).ConfigureAwait(false);
        if (resumed)
            await PartialCheck.RunAsync(target, state, cancellationToken).ConfigureAwait(false);
        using var contents = new FrameContents(index);
        var storage = new FrameStorage(target, state, contents);
        using var deltas = new DeltaReads(source, storage, state, options);
        foreach (PullSeed seed in options.Seeds)
        {
            if (state.ChunksMissing == 0)
                break;
            if (await SeedImage.OpenAsync(seed, index.Profile, cancellationToken).ConfigureAwait(false) is not { } opened)
                continue;
            using (deltas.Takes(opened) ? null : opened)
                await SeedCopy.RunAsync(target, state, opened, options.SeedChunks, cancellationToken).ConfigureAwait(false);
        }

        RoomCheck.Run(path, state.BytesMissing);
        await deltas.RunAsync(cancellationToken).ConfigureAwait(false);
        List<int> missing = state.MissingFrames();
        state.Fetching(deltas.BytesFetched + missing.Sum(f => (long)index.Frames[f].StoredLength));
        var reads = new FrameReads(source, index, contents, state.Fetched);
        long fromHosts = 0;
        if (options.FanOut is { } fanOut)
            fromHosts = await FanOutAsync(fanOut, target, state, contents, reads, storage, cancellationToken).ConfigureAwait(false);
        else
            await reads.RunAsync(missing, options.Reads, storage.StoreAsync, cancellationToken).ConfigureAwait(false);
        await target.CompleteAsync(cancellationToken).ConfigureAwait(false);
        if (options.FanOut is not null)
            await options.FanOut.Server.Share.PauseAsync(cancellationToken).ConfigureAwait(false);
        return new PullOutcome(deltas.BytesFetched + reads.BytesFetched, state.BytesReused, fromHosts);
    }

    private static async Task<long> FanOutAsync(
        FanOutOptions fanOut, IDiskTarget target, PullState state, FrameContents contents, FrameReads reads, FrameStorage storage, CancellationToken cancellationToken)
    {
        // Belongs to the share, which goes on when the image is whole.
        KeptFrames? kept = KeptFrames.Create(fanOut.KeptFramesPath, state.Index);
        await fanOut.Server.Share.UseAsync(target, state, kept, cancellationToken).ConfigureAwait(false);
        try
        {
            using var peers = new PeerReads(fanOut.Token, fanOut.Limit) { Fetched = state.Fetched };
            var pull = new FanOutPull(state, contents, new PieceTable(state.Index), reads, peers, StoreAsync, fanOut.Broker);
            await pull.RunAsync(fanOut.Server, cancellationToken).ConfigureAwait(false);
            return peers.BytesFetched;
        }
        catch
        {
            // Nobody may read the file any more when it is closed.
            await fanOut.Server.Share.PauseAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        async ValueTask StoreAsync(int frame, ReadOnlyMemory<byte> stored, ReadOnlyMemory<byte> content, CancellationToken stop)
        {
            if (kept is not null)
                await kept.KeepAsync(frame, stored, stop).ConfigureAwait(false);
            await storage.StoreAsync(frame, stored, content, stop).ConfigureAwait(false);
        }
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
