using System.Collections.Concurrent;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Store.FanOut;

/// <summary>How a pull takes part in a fan-out.</summary>
/// <param name="Server">Gives to others what is in place.</param>
/// <param name="Broker">Says what is to be taken from where.</param>
/// <param name="Token">The sync's token, 32 bytes.</param>
/// <param name="KeptFramesPath">A file to make, beside the image, for compressed frames that others may ask for.</param>
/// <param name="Limit">Holds back what comes from other hosts. Null: as much as goes.</param>
public sealed record FanOutOptions(FanOutServer Server, IPieceBroker Broker, byte[] Token, string KeptFramesPath, BandwidthLimit? Limit = null);

/// <summary>Takes the pieces that are missing, each from where it is ordered: the store, or a host that has it.</summary>
internal sealed class FanOutPull(PullState state, FrameContents contents, PieceTable pieces, FrameReads store, PeerReads peers, CheckedFrame take, IPieceBroker broker)
{
    private readonly ConcurrentDictionary<int, CancellationTokenSource> underWay = new();
    private readonly bool[] done = new bool[pieces.Count];
    private int left;

    /// <summary>Takes them all.</summary>
    /// <exception cref="StoreException"><c>PackCorrupt</c>, and what the store gives.</exception>
    public async Task RunAsync(FanOutServer server, CancellationToken cancellationToken)
    {
        byte[] held = new byte[(pieces.Count + 7) / 8];
        for (int p = 0; p < pieces.Count; p++)
        {
            done[p] = pieces.MissingFrames(p, state, contents).Count == 0;
            if (done[p])
                held[p / 8] |= (byte)(1 << (p % 8));
            else
                left++;
        }

        broker.Offer(server.Offer(pieces.Count, held));
        if (left == 0)
            return;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var taking = new List<Task>();
        Exception? failure = null;
        try
        {
            await foreach (PieceOrder order in broker.OrdersAsync(ending.Token).ConfigureAwait(false))
            {
                taking.RemoveAll(static t => t.IsCompletedSuccessfully);
                taking.Add(Task.Run(() => CarryOutAsync(order, ending), CancellationToken.None));
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The last piece is in place, or an order failed for good.
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(taking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            failure = taking.FirstOrDefault(static t => t.IsFaulted)?.Exception?.InnerException;
            foreach (CancellationTokenSource source in underWay.Values)
                source.Dispose();
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        if (Volatile.Read(ref left) > 0)
            throw new StoreException("StoreUnreachable", state.Index.ImageId.ToString(), "The orders of pieces ended before all were there.");
    }

    private async Task CarryOutAsync(PieceOrder order, CancellationTokenSource ending)
    {
        if (order.Piece < 0 || order.Piece >= pieces.Count)
            return;

        // A piece may be ordered twice; the first that comes ends the other.
        CancellationToken whenThere = underWay.GetOrAdd(order.Piece, static (_, all) => CancellationTokenSource.CreateLinkedTokenSource(all), ending.Token).Token;
        try
        {
            List<int> missing = pieces.MissingFrames(order.Piece, state, contents);
            if (missing.Count > 0 && order.Peer is { } peer)
                await peers.ReadAsync(peer, missing, contents, take, whenThere).ConfigureAwait(false);
            else if (missing.Count > 0)
                await store.RunAsync(missing, 1, take, whenThere).ConfigureAwait(false);
            await FinishAsync(order, ending).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (Volatile.Read(ref done[order.Piece]) && !ending.IsCancellationRequested)
        {
            // The other order was quicker.
        }
        catch (PeerException refused)
        {
            if (!Volatile.Read(ref done[order.Piece]))
                broker.Failed(order, refused.Message);
        }
        catch
        {
            await ending.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task FinishAsync(PieceOrder order, CancellationTokenSource ending)
    {
        broker.Done(order);
        if (Interlocked.Exchange(ref done[order.Piece], true))
            return;
        if (Interlocked.Decrement(ref left) == 0)
            await ending.CancelAsync().ConfigureAwait(false);
        else if (underWay.TryGetValue(order.Piece, out CancellationTokenSource? source))
            await source.CancelAsync().ConfigureAwait(false);
    }
}
