using System;
using System.Collections.Generic;
using System.Linq;

namespace ImageFabric.Fleet;

/// <summary>
/// Decides which host takes which piece of an image from whom, so that the store sends each about once. The store gives out pieces that nobody has, in
/// the image's order; hosts take from hosts what is rarest first. Knows no clock and no network: the same calls give the same orders, in a simulation as in a sync.
/// Not safe for several threads at once.
/// </summary>
internal sealed class FanOutSchedule
{
    /// <summary>The number that stands for the store where hosts stand.</summary>
    public const int Store = 0;

    // A host that cannot take from so many others has itself a fault.
    private const int MostAccusations = 3;
    private const int WaitingTried = 8;
    private const double SlowTimes = 4;
    private const double DoubledTimes = 2;

    private readonly FanOutLimits _limits;
    private readonly Random _random;
    private readonly Dictionary<int, FanOutHost> _hosts = [];
    private readonly Queue<FanOutHost> _waiting = new();
    private readonly List<FanOutHost>[] _holders;
    private readonly int[] _freeHolders;
    private readonly PieceSet _available;
    private readonly PieceSet _unheld;
    private readonly int[] _storeTransfers;
    private readonly double[] _storeBegan;
    private readonly List<FanOutOrder> _orders = [];
    private int _storeBusy;
    private int _lastId;
    private double _meanSeconds;

    /// <summary>A schedule of so many pieces.</summary>
    public FanOutSchedule(int pieces, FanOutLimits limits, int seed)
    {
        Pieces = pieces;
        _limits = limits;
        _random = new Random(seed);
        _holders = new List<FanOutHost>[pieces];
        for (int p = 0; p < pieces; p++)
            _holders[p] = [];
        _freeHolders = new int[pieces];
        _available = new PieceSet(pieces);
        _unheld = new PieceSet(pieces);
        for (int p = 0; p < pieces; p++)
            _unheld.Add(p);
        _storeTransfers = new int[pieces];
        _storeBegan = new double[pieces];
    }

    /// <summary>Pieces of the image.</summary>
    public int Pieces { get; }

    /// <summary>Pieces that the store was asked for, each as often as that was.</summary>
    public int StoreOrders { get; private set; }

    /// <summary>A host takes part.</summary>
    /// <param name="held">What it has already. Belongs to the schedule from now on.</param>
    /// <param name="serves">True when others can reach it.</param>
    /// <returns>Its number.</returns>
    public int Join(PieceSet held, bool serves)
    {
        var host = new FanOutHost(++_lastId, held, serves);
        _hosts.Add(host.Id, host);
        if (serves)
        {
            foreach (int piece in held.Items())
                AddHolder(host, piece);
            CountFree(host, 1);
        }

        Queue(host);
        return host.Id;
    }

    /// <summary>A host has gone. What it was to bring is given to others.</summary>
    public void Leave(int id)
    {
        if (!_hosts.TryGetValue(id, out FanOutHost? host))
            return;
        _hosts.Remove(id);
        CountFree(host, -1);
        host.Present = false;
        foreach (int piece in host.Held.Items())
            RemoveHolder(host, piece);
        while (host.Incoming.Count > 0)
            End(host.Incoming[0]);
    }

    /// <summary>A host has a piece now, from whichever of those it was ordered from.</summary>
    /// <param name="id">The host.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="now">Seconds, on a clock that never goes back.</param>
    public void Done(int id, int piece, double now)
    {
        if (!_hosts.TryGetValue(id, out FanOutHost? host))
            return;
        FanOutTransfer[] ended = [.. host.Incoming.Where(t => t.Piece == piece)];
        if (ended.Length > 0)
            Learn(now - ended.Min(static t => t.Began), ended[0].Doubled);
        foreach (FanOutTransfer transfer in ended)
            End(transfer);

        if (host.Held.Add(piece) && host.Serves)
        {
            AddHolder(host, piece);
            if (IsFree(host))
                CountFreeHolder(piece, 1);
        }

        Queue(host);
    }

    /// <summary>A host could not get a piece from where it was told to. It takes nothing from there any more; when several say so, nobody does.</summary>
    public void Failed(int id, int piece, int source)
    {
        if (!_hosts.TryGetValue(id, out FanOutHost? host))
            return;
        if (host.Incoming.FirstOrDefault(t => t.Piece == piece && (t.From?.Id ?? Store) == source) is { } transfer)
        {
            End(transfer);
            foreach (FanOutTransfer other in host.Incoming.Where(t => t.Piece == piece))
                other.Doubled = false;
        }

        if (source != Store)
        {
            host.Shunned.Add(source);
            if (host.Shunned.Count <= MostAccusations && _hosts.TryGetValue(source, out FanOutHost? accused) && accused.Accusers.Add(id) && accused.Accusers.Count >= _limits.Accusers)
                Drop(accused);
        }

        Queue(host);
    }

    /// <summary>True when nobody takes from this host any more.</summary>
    public bool IsDropped(int id) => !_hosts.TryGetValue(id, out FanOutHost? host) || !host.Serves;

    /// <summary>What is to be ordered now. Call it after every change, and about once a second, when slow transfers are given to others too.</summary>
    /// <param name="now">Seconds, on the clock of <see cref="Done"/>.</param>
    /// <param name="all">True to look at all hosts that could take more, not only at the next ones.</param>
    public IReadOnlyList<FanOutOrder> Next(double now, bool all)
    {
        _orders.Clear();
        int tries = all ? int.MaxValue : WaitingTried;

        // One piece for each in turn, so that what only the store has comes to as many hosts as can pass it on.
        for (int without = 0; without < _waiting.Count && tries > 0; tries--)
        {
            FanOutHost host = _waiting.Dequeue();
            host.Waiting = false;
            if (!host.Present)
                continue;
            without = host.Incoming.Count < _limits.Incoming && TryOrder(host, now) ? 0 : without + 1;
            Queue(host);
        }

        return _orders;
    }

    private bool TryOrder(FanOutHost host, double now)
    {
        if (host.Held.Count + host.Expected.Count >= Pieces)
            return TryDouble(host, now);
        bool storeFree = _storeBusy < _limits.Store && host.Incoming.Count(t => t.From is null) < _limits.IncomingFromStore;

        // What nobody has goes first: only the store has it, and the others wait for it.
        if (storeFree && MayBringFirst(host) && NextUnheld(host) is { } unheld)
            return Order(host, unheld, null, now);
        if (FromHosts(host) is { } found)
            return Order(host, found.Piece, found.Source, now);
        return storeFree && OfStoreForWantOfHosts(host, now) is { } spare && Order(host, spare, null, now);
    }

    // A host that cannot pass on leaves what is new to those that can, as long as there are any.
    private bool MayBringFirst(FanOutHost host) => host.Serves || !_hosts.Values.Any(h => h.Serves && h.Held.Count < Pieces);

    // The first piece, in the image's order, that no host can give and that is not on its way from the store.
    private int? NextUnheld(FanOutHost host) => _unheld.FirstWithout(host.Held, host.Expected, 0) is >= 0 and var piece ? piece : null;

    private (int Piece, FanOutHost Source)? FromHosts(FanOutHost host)
    {
        int start = _random.Next(Pieces);
        int best = -1;
        int rarity = int.MaxValue;
        for (int p = _available.FirstWithout(host.Held, host.Expected, start); p >= 0; p = _available.FirstWithout(host.Held, host.Expected, p + 1))
            Weigh(p);
        for (int p = _available.FirstWithout(host.Held, host.Expected, 0); p >= 0 && p < start; p = _available.FirstWithout(host.Held, host.Expected, p + 1))
            Weigh(p);
        return best >= 0 && HolderFor(host, best, null) is { } source ? (best, source) : null;

        void Weigh(int piece)
        {
            if (_holders[piece].Count >= rarity || (host.Shunned.Count > 0 && HolderFor(host, piece, null) is null))
                return;
            (best, rarity) = (piece, _holders[piece].Count);
        }
    }

    // The less busy of two holders by chance; of few, the least busy.
    private FanOutHost? HolderFor(FanOutHost host, int piece, FanOutHost? except)
    {
        List<FanOutHost> holders = _holders[piece];
        FanOutHost? best = null;
        int seen = 0;
        int start = holders.Count > 0 ? _random.Next(holders.Count) : 0;
        for (int i = 0; i < holders.Count && seen < 3; i++)
        {
            FanOutHost holder = holders[start + i < holders.Count ? start + i : start + i - holders.Count];
            if (!IsFree(holder) || holder == except || host.Shunned.Contains(holder.Id))
                continue;
            seen++;
            if (best is null || holder.Outgoing < best.Outgoing)
                best = holder;
        }

        return best;
    }

    // Hosts have it, but none that this one could ask now; or one host was to bring it for all and is slow.
    private int? OfStoreForWantOfHosts(FanOutHost host, double now)
    {
        bool mayFill = host.Incoming.Count == 0 && Within(_limits.StoreCopies);
        bool mayHelp = Within(_limits.StoreCopiesForSlow);
        int? spare = null;
        for (int p = 0; p < Pieces; p++)
        {
            if (host.Held.Contains(p) || host.Expected.Contains(p))
                continue;
            bool onItsWay = _storeTransfers[p] > 0;
            if (!onItsWay && host.Shunned.Count > 0 && _holders[p].TrueForAll(h => host.Shunned.Contains(h.Id)))
                return p;
            if (onItsWay ? mayHelp && IsSlow(_storeBegan[p], now) : mayFill && _holders[p].Count > 0)
                spare ??= p;
        }

        return spare;
    }

    private bool TryDouble(FanOutHost host, double now)
    {
        foreach (FanOutTransfer transfer in host.Incoming)
        {
            if (transfer.Doubled || !IsSlow(transfer.Began, now))
                continue;
            FanOutHost? other = HolderFor(host, transfer.Piece, transfer.From);
            if (other is null && (transfer.From is null || !Within(_limits.StoreCopiesForSlow) || _storeBusy >= _limits.Store))
                continue;
            transfer.Doubled = true;
            Order(host, transfer.Piece, other, now);
            host.Incoming[host.Incoming.Count - 1].Doubled = true;
            return true;
        }

        return false;
    }

    private bool Within(double copies) => StoreOrders < copies * Pieces;

    // A slow host's pieces, which come from another in the end, say little of the others; but where all are slow, as when the store's link has become so, it is no host's fault.
    private void Learn(double seconds, bool doubled)
    {
        if (doubled && _meanSeconds > 0)
            seconds = Math.Min(seconds, DoubledTimes * _meanSeconds);
        _meanSeconds = _meanSeconds == 0 ? seconds : (_meanSeconds * 0.95) + (seconds * 0.05);
    }

    // Before the first piece has come nobody knows how long one takes on these links.
    private bool IsSlow(double began, double now) =>
        now - began > (_meanSeconds == 0 ? _limits.SlowAtFirst.TotalSeconds : Math.Max(_limits.Slow.TotalSeconds, SlowTimes * _meanSeconds));

    private bool Order(FanOutHost host, int piece, FanOutHost? source, double now)
    {
        host.Incoming.Add(new FanOutTransfer(piece, host, source, now));
        host.Expected.Add(piece);
        if (source is null)
        {
            _storeTransfers[piece]++;
            _storeBegan[piece] = now;
            UpdateUnheld(piece);
            _storeBusy++;
            StoreOrders++;
        }
        else
        {
            source.Outgoing++;
            if (source.Serves && source.Outgoing == _limits.Outgoing)
                CountHeld(source, -1);
        }

        _orders.Add(new FanOutOrder(host.Id, piece, source?.Id ?? Store));
        return true;
    }

    private void End(FanOutTransfer transfer)
    {
        transfer.To.Incoming.Remove(transfer);
        if (!transfer.To.Incoming.Exists(t => t.Piece == transfer.Piece))
            transfer.To.Expected.Remove(transfer.Piece);
        if (transfer.From is not { } source)
        {
            _storeTransfers[transfer.Piece]--;
            _storeBusy--;
            UpdateUnheld(transfer.Piece);
            return;
        }

        source.Outgoing--;
        if (source.Present && source.Serves && source.Outgoing == _limits.Outgoing - 1)
            CountHeld(source, 1);
    }

    private void Drop(FanOutHost host)
    {
        CountFree(host, -1);
        host.Serves = false;
        foreach (int piece in host.Held.Items())
            RemoveHolder(host, piece);
    }

    private bool IsFree(FanOutHost host) => host.Present && host.Serves && host.Outgoing < _limits.Outgoing;

    private void CountFree(FanOutHost host, int change)
    {
        if (IsFree(host))
            CountHeld(host, change);
    }

    private void CountHeld(FanOutHost host, int change)
    {
        foreach (int piece in host.Held.Items())
            CountFreeHolder(piece, change);
    }

    private void CountFreeHolder(int piece, int change)
    {
        _freeHolders[piece] += change;
        if (_freeHolders[piece] > 0)
            _available.Add(piece);
        else
            _available.Remove(piece);
    }

    private void AddHolder(FanOutHost host, int piece)
    {
        _holders[piece].Add(host);
        UpdateUnheld(piece);
    }

    private void RemoveHolder(FanOutHost host, int piece)
    {
        _holders[piece].Remove(host);
        UpdateUnheld(piece);
    }

    private void UpdateUnheld(int piece)
    {
        if (_holders[piece].Count == 0 && _storeTransfers[piece] == 0)
            _unheld.Add(piece);
        else
            _unheld.Remove(piece);
    }

    private void Queue(FanOutHost host)
    {
        if (host.Waiting || !host.Present || host.Held.Count == Pieces)
            return;
        host.Waiting = true;
        _waiting.Enqueue(host);
    }
}
