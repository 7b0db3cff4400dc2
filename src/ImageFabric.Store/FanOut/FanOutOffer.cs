using System.Net;

namespace ImageFabric.Store.FanOut;

/// <summary>What a host says of itself to whoever orders pieces.</summary>
/// <param name="Pieces">Pieces of the image.</param>
/// <param name="Held">Those that are in place: bit <c>n % 8</c> of byte <c>n / 8</c> is piece n. Null while that is not known; the index alone can be had then.</param>
/// <param name="Address">Where it gives them to others. Null: nowhere.</param>
/// <param name="Certificate">SHA-256 of the certificate by which it is known there. Null: nowhere.</param>
public sealed record FanOutOffer(int Pieces, byte[]? Held, IPEndPoint? Address, byte[]? Certificate);

/// <summary>A host that gives pieces.</summary>
/// <param name="Id">Its number in this sync, 1 and up.</param>
/// <param name="Address">Where it does.</param>
/// <param name="Certificate">SHA-256 of its certificate.</param>
public sealed record PeerAddress(int Id, IPEndPoint Address, byte[] Certificate);

/// <summary>An order to take a piece.</summary>
/// <param name="Piece">The piece.</param>
/// <param name="Peer">The host to take it from. Null: the store.</param>
public sealed record PieceOrder(int Piece, PeerAddress? Peer);

/// <summary>Whoever says which piece is to be taken from where. Used from many threads at once.</summary>
public interface IPieceBroker
{
    /// <summary>Tells what this host has and where it gives it.</summary>
    void Offer(FanOutOffer offer);

    /// <summary>The orders, as they come, until there is nothing more to order.</summary>
    IAsyncEnumerable<PieceOrder> OrdersAsync(CancellationToken cancellationToken);

    /// <summary>A piece is in place.</summary>
    void Done(PieceOrder order);

    /// <summary>A host did not give a piece, or gave what it is not.</summary>
    /// <param name="order">The order.</param>
    /// <param name="why">In one sentence.</param>
    void Failed(PieceOrder order, string why);
}
