using System.Collections.Generic;

namespace ImageFabric.Fleet;

/// <summary>A host as the schedule knows it.</summary>
internal sealed class FanOutHost(int id, PieceSet held, bool serves)
{
    /// <summary>Its number, 1 and up.</summary>
    public int Id { get; } = id;

    /// <summary>Pieces it has, verified.</summary>
    public PieceSet Held { get; } = held;

    /// <summary>What is on its way to it.</summary>
    public List<FanOutTransfer> Incoming { get; } = [];

    /// <summary>The pieces of <see cref="Incoming"/>.</summary>
    public PieceSet Expected { get; } = new(held.Size);

    /// <summary>Number of pieces on their way from it.</summary>
    public int Outgoing { get; set; }

    /// <summary>True while others may take from it.</summary>
    public bool Serves { get; set; } = serves;

    /// <summary>False when it has left.</summary>
    public bool Present { get; set; } = true;

    /// <summary>True while it stands in the queue of those that could take more.</summary>
    public bool Waiting { get; set; }

    /// <summary>Hosts it no longer takes from.</summary>
    public HashSet<int> Shunned { get; } = [];

    /// <summary>Hosts that no longer take from it.</summary>
    public HashSet<int> Accusers { get; } = [];
}

/// <summary>A piece on its way to a host.</summary>
/// <param name="piece">Its number.</param>
/// <param name="to">The host.</param>
/// <param name="from">The host that sends it; null: the store.</param>
/// <param name="began">When, in seconds.</param>
internal sealed class FanOutTransfer(int piece, FanOutHost to, FanOutHost? from, double began)
{
    public int Piece { get; } = piece;

    public FanOutHost To { get; } = to;

    public FanOutHost? From { get; } = from;

    public double Began { get; } = began;

    /// <summary>True when the same piece was ordered from somebody else too, because this takes long.</summary>
    public bool Doubled { get; set; }
}

/// <summary>Who is to take which piece from whom.</summary>
/// <param name="host">The host that takes it.</param>
/// <param name="piece">The piece.</param>
/// <param name="source">The host that has it, or <see cref="FanOutSchedule.Store"/>.</param>
internal readonly struct FanOutOrder(int host, int piece, int source)
{
    public int Host { get; } = host;

    public int Piece { get; } = piece;

    public int Source { get; } = source;
}
