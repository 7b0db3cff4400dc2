using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>One host's part in a fan-out, as this machine sees it.</summary>
/// <param name="session">The fan-out.</param>
/// <param name="host">Its name.</param>
/// <param name="accepts">Whether others may be sent to an address of it.</param>
/// <param name="warn">Told what the user should know of it.</param>
internal sealed class FanOutMember(FanOutSession session, string host, Func<IPAddress, bool> accepts, Action<string> warn) : IHostExchange, IDisposable
{
    private const string IndexPrefix = "indexes/";

    private readonly CancellationTokenSource _leaving = new();
    private Func<OrderEvent, CancellationToken, Task> _send = static (_, _) => Task.CompletedTask;
    private Task _sending = Task.CompletedTask;
    private bool _indexAsked;

    /// <summary>Its name.</summary>
    public string Host { get; } = host;

    // What follows belongs to the session and its lock.

    /// <summary>The hosts that cut the image as it does. Null until that is known.</summary>
    public FanOutGroup? Group { get; set; }

    /// <summary>Its number in the group; 0 until it is known what it has.</summary>
    public int Id { get; set; }

    /// <summary>Where it gives what it has. Null: nowhere.</summary>
    public HolderAddress? Holder { get; set; }

    /// <summary>Hosts that it has been told of.</summary>
    public HashSet<int> Known { get; } = [];

    /// <summary>Hosts that just take the index from it.</summary>
    public int IndexReaders { get; set; }

    /// <summary>The host that it just takes the index from.</summary>
    public FanOutMember? IndexFrom { get; set; }

    /// <summary>True while it takes the index from the store for all.</summary>
    public bool FetchesIndex { get; set; }

    /// <summary>True when it has gone.</summary>
    public bool Left { get; set; }

    /// <summary>Whether others may be sent to an address of it.</summary>
    public bool Accepts(IPAddress address) => accepts(address);

    /// <summary>Tells the user something of it.</summary>
    public void Warn(string message) => warn(message);

    /// <inheritdoc/>
    public void Attach(Func<OrderEvent, CancellationToken, Task> send) => _send = send;

    /// <inheritdoc/>
    public void Take(OfferEvent offer) => session.Take(this, offer);

    /// <inheritdoc/>
    public void Take(PieceEvent piece) => session.Take(this, piece);

    /// <inheritdoc/>
    public async Task<GrantEvent> GrantAsync(DemandEvent demand, CancellationToken cancellationToken)
    {
        HolderAddress? holder = null;
        if (!_indexAsked && demand.Objects.Any(IsIndex))
        {
            _indexAsked = true;
            holder = await session.IndexHolderAsync(this, cancellationToken).ConfigureAwait(false);
        }

        GrantEvent grant = await session.Grants.GrantAsync(demand, cancellationToken).ConfigureAwait(false);
        foreach (GrantedObject granted in grant.Objects.Where(o => IsIndex(o.Key)))
            granted.Holder = holder;
        return grant;
    }

    /// <summary>Sends orders after those that were sent before. In the session's lock.</summary>
    public void Send(OrderEvent orders) => _sending = SendAfterAsync(_sending, orders);

    /// <summary>Takes no part any more.</summary>
    public void Dispose()
    {
        session.Leave(this);
        _leaving.Cancel();
    }

    private async Task SendAfterAsync(Task before, OrderEvent orders)
    {
        await before.ConfigureAwait(false);
        try
        {
            await _send(orders, _leaving.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException)
        {
            // The host has gone; its conversation says so.
        }
    }

    private static bool IsIndex(string key) => key.StartsWith(IndexPrefix, StringComparison.Ordinal);
}
