using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store.FanOut;

namespace ImageFabric.Engine.Serve;

/// <summary>Gets orders of pieces from the caller, and tells it what became of them.</summary>
internal sealed class PieceBroker(JsonLinesOutput output) : IPieceBroker
{
    private readonly Channel<PieceOrder> orders = Channel.CreateUnbounded<PieceOrder>();
    private readonly ConcurrentDictionary<int, PeerAddress> holders = new();

    /// <summary>Takes orders that have arrived.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public void Take(OrderEvent arrived)
    {
        foreach (HolderAddress holder in arrived.Holders ?? [])
            holders[holder.Id] = Read(holder);
        foreach (OrderedPiece piece in arrived.Pieces ?? [])
        {
            PeerAddress? peer = null;
            if (piece.Source != 0 && !holders.TryGetValue(piece.Source, out peer))
                throw new OperationException("InvalidRequest", null, $"Host {piece.Source}, from which a piece is ordered, was not named.");
            orders.Writer.TryWrite(new PieceOrder(piece.Piece, peer));
        }
    }

    /// <summary>There will be no more, because the caller can no longer be heard.</summary>
    public void End(Exception failure) => orders.Writer.TryComplete(failure);

    /// <summary>The address of a host.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>: it is none.</exception>
    public static PeerAddress Read(HolderAddress holder)
    {
        try
        {
            return new PeerAddress(holder.Id, new IPEndPoint(IPAddress.Parse(holder.Address), holder.Port), Convert.FromHexString(holder.Certificate));
        }
        catch (Exception malformed) when (malformed is FormatException or ArgumentException)
        {
            throw new OperationException("InvalidRequest", holder.Address, $"{holder.Address} port {holder.Port} is no address of a host: {malformed.Message}", malformed);
        }
    }

    public void Offer(FanOutOffer offer) => output.Write(new OfferEvent
    {
        Pieces = offer.Pieces,
        Held = offer.Held is null ? null : Convert.ToBase64String(offer.Held),
        Address = offer.Address?.Address.ToString(),
        Port = offer.Address?.Port ?? 0,
        Certificate = offer.Certificate is null ? null : Convert.ToHexStringLower(offer.Certificate),
    });

    public IAsyncEnumerable<PieceOrder> OrdersAsync(CancellationToken cancellationToken) => orders.Reader.ReadAllAsync(cancellationToken);

    public void Done(PieceOrder order) => output.Write(new PieceEvent { Piece = order.Piece, Source = order.Peer?.Id ?? 0 });

    public void Failed(PieceOrder order, string why)
    {
        output.Verbose($"Piece {order.Piece}: {why}");
        output.Write(new PieceEvent { Piece = order.Piece, Source = order.Peer?.Id ?? 0, Failure = why });
    }
}
