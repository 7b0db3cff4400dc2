using System;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>A grant source that also hears what a host of a fan-out has, and tells it what to take from where.</summary>
internal interface IHostExchange : IGrantSource
{
    /// <summary>Gives the way to the host's engine, before anything of it is heard.</summary>
    void Attach(Func<OrderEvent, CancellationToken, Task> send);

    /// <summary>The host has said what it has.</summary>
    /// <exception cref="FleetException"><c>EngineFailed</c>: what it said cannot be.</exception>
    void Take(OfferEvent offer);

    /// <summary>The host has said what became of a piece.</summary>
    void Take(PieceEvent piece);
}
