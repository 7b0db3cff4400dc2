using ImageFabric.Fleet;

namespace ImageFabric.Fleet.Tests.FanOut;

/// <summary>The links of a host in a simulation, in bits a second.</summary>
internal sealed record SimulatedHost(double Up, double Down)
{
    /// <summary>When it begins, in seconds.</summary>
    public double Start { get; init; }

    /// <summary>When it is lost, in seconds.</summary>
    public double Dies { get; init; } = double.PositiveInfinity;

    /// <summary>False when others cannot reach it.</summary>
    public bool Serves { get; init; } = true;

    /// <summary>True when what it sends is not what it should be.</summary>
    public bool Lies { get; init; }
}

/// <summary>What a simulated sync came to.</summary>
/// <param name="Seconds">Time until the last host was done.</param>
/// <param name="StoreCopies">What the store sent, in copies of the image.</param>
/// <param name="Finished">When each host was done, in seconds; infinite for those that were lost.</param>
internal sealed record SimulatedSync(double Seconds, double StoreCopies, double[] Finished);

/// <summary>
/// A sync on modelled links, with the product's own schedule: a transfer goes as fast as the smaller of its shares of the two links it crosses, each link
/// being shared evenly. The same numbers give the same result.
/// </summary>
internal sealed class FanOutSimulation
{
    private readonly IReadOnlyList<SimulatedHost> hosts;
    private readonly double pieceBits;
    private readonly double latency;
    private readonly FanOutSchedule schedule;
    private readonly Link storeLink;
    private readonly Link[] ups;
    private readonly Link[] downs;
    private readonly int[] ids;
    private readonly Dictionary<int, int> numbers = [];
    private readonly Dictionary<(int Host, int Piece, int Source), Flow> flows = [];
    private readonly PriorityQueue<Happening, (double At, long Order)> happenings = new();
    private readonly int[] held;
    private readonly double[] finished;
    private readonly double[] sentBits;
    private double storeBits;
    private double now;
    private long order;

    private FanOutSimulation(IReadOnlyList<SimulatedHost> hosts, double storeRate, double imageBytes, int pieces, double latency, FanOutLimits limits)
    {
        this.hosts = hosts;
        this.latency = latency;
        pieceBits = imageBytes * 8 / pieces;
        schedule = new FanOutSchedule(pieces, limits, seed: 1);
        storeLink = new Link(storeRate);
        ups = [.. hosts.Select(h => new Link(h.Up))];
        downs = [.. hosts.Select(h => new Link(h.Down))];
        ids = new int[hosts.Count];
        held = new int[hosts.Count];
        finished = [.. Enumerable.Repeat(double.PositiveInfinity, hosts.Count)];
        sentBits = new double[hosts.Count];
    }

    /// <summary>Runs a sync to its end.</summary>
    /// <param name="hosts">The hosts.</param>
    /// <param name="storeRate">The store's link, in bits a second.</param>
    /// <param name="imageBytes">Bytes of the image on the wire.</param>
    /// <param name="pieces">Pieces of it.</param>
    /// <param name="latency">Seconds from the end of a piece to the begin of the next one that is ordered for it.</param>
    /// <param name="limits">Null: the product's own.</param>
    public static SimulatedSync Run(IReadOnlyList<SimulatedHost> hosts, double storeRate, double imageBytes, int pieces = 1024, double latency = 0.002, FanOutLimits? limits = null) =>
        new FanOutSimulation(hosts, storeRate, imageBytes, pieces, latency, limits ?? new FanOutLimits()).Run();

    private SimulatedSync Run()
    {
        for (int h = 0; h < hosts.Count; h++)
        {
            Plan(hosts[h].Start, new Happening(What.Start, h, null));
            if (!double.IsInfinity(hosts[h].Dies))
                Plan(hosts[h].Dies, new Happening(What.Death, h, null));
        }

        Plan(1, new Happening(What.Tick, 0, null));
        while (happenings.TryDequeue(out Happening? next, out (double At, long Order) when))
        {
            now = when.At;
            if (!Handle(next))
                continue;
            foreach (FanOutOrder ordered in schedule.Next(now, next.What == What.Tick).ToArray())
                Plan(now + latency, new Happening(What.Order, numbers[ordered.Host], null) { Ordered = ordered });
        }

        return new SimulatedSync(finished.Where(f => !double.IsInfinity(f)).DefaultIfEmpty().Max(), storeBits / (pieceBits * schedule.Pieces), finished);
    }

    private bool Handle(Happening what)
    {
        switch (what.What)
        {
            case What.Start:
                ids[what.Host] = schedule.Join(new PieceSet(schedule.Pieces), hosts[what.Host].Serves);
                numbers.Add(ids[what.Host], what.Host);
                return true;
            case What.Tick:
                if (Enumerable.Range(0, hosts.Count).Any(h => double.IsInfinity(finished[h]) && hosts[h].Dies > now))
                    Plan(now + 1, what);
                return true;
            case What.Order:
                Begin(what.Ordered);
                return false;
            case What.Death:
                Die(what.Host);
                return true;
            default:
                return End(what.Flow!, what.Version);
        }
    }

    private void Begin(FanOutOrder ordered)
    {
        int to = numbers[ordered.Host];
        if (hosts[to].Dies <= now)
            return;
        int from = ordered.Source == FanOutSchedule.Store ? -1 : numbers[ordered.Source];
        var flow = new Flow(ordered, to, from < 0 ? storeLink : ups[from], downs[to], pieceBits, now);
        if (from >= 0 && hosts[from].Dies <= now)
        {
            schedule.Failed(ordered.Host, ordered.Piece, ordered.Source);
            return;
        }

        flows.Add((ordered.Host, ordered.Piece, ordered.Source), flow);
        flow.Up.Flows.Add(flow);
        flow.Down.Flows.Add(flow);
        Share(flow.Up);
        Share(flow.Down);
    }

    private bool End(Flow flow, int version)
    {
        if (flow.Version != version || flow.Ended)
            return false;
        Remove(flow);
        if (flow.Ordered.Source != FanOutSchedule.Store && hosts[numbers[flow.Ordered.Source]].Lies)
        {
            schedule.Failed(flow.Ordered.Host, flow.Ordered.Piece, flow.Ordered.Source);
            return true;
        }

        foreach (Flow other in flow.Down.Flows.Where(f => f.Ordered.Piece == flow.Ordered.Piece).ToArray())
            Remove(other);
        schedule.Done(flow.Ordered.Host, flow.Ordered.Piece, now);
        if (++held[flow.To] == schedule.Pieces)
            finished[flow.To] = now;
        return true;
    }

    private void Die(int host)
    {
        schedule.Leave(ids[host]);
        foreach (Flow flow in downs[host].Flows.ToArray())
            Remove(flow);
        foreach (Flow flow in ups[host].Flows.ToArray())
        {
            Remove(flow);
            schedule.Failed(flow.Ordered.Host, flow.Ordered.Piece, flow.Ordered.Source);
        }
    }

    private void Remove(Flow flow)
    {
        Advance(flow);
        flow.Ended = true;
        flows.Remove((flow.Ordered.Host, flow.Ordered.Piece, flow.Ordered.Source));
        flow.Up.Flows.Remove(flow);
        flow.Down.Flows.Remove(flow);
        double sent = pieceBits - Math.Max(0, flow.Left);
        if (flow.Up == storeLink)
            storeBits += sent;
        Share(flow.Up);
        Share(flow.Down);
    }

    // What changes on a link changes the pace of all that crosses it.
    private void Share(Link link)
    {
        foreach (Flow flow in link.Flows)
        {
            double rate = Math.Min(flow.Up.Rate / flow.Up.Flows.Count, flow.Down.Rate / flow.Down.Flows.Count);
            if (rate == flow.Rate)
                continue;
            Advance(flow);
            flow.Rate = rate;
            flow.Version++;
            Plan(now + (flow.Left / rate), new Happening(What.End, flow.To, flow) { Version = flow.Version });
        }
    }

    private void Advance(Flow flow)
    {
        flow.Left -= flow.Rate * (now - flow.Since);
        flow.Since = now;
    }

    private void Plan(double at, Happening what) => happenings.Enqueue(what, (at, order++));

    private enum What
    {
        Start,
        Order,
        End,
        Death,
        Tick,
    }

    private sealed record Happening(What What, int Host, Flow? Flow)
    {
        public FanOutOrder Ordered { get; init; }

        public int Version { get; init; }
    }

    private sealed class Link(double rate)
    {
        public double Rate { get; } = rate;

        public List<Flow> Flows { get; } = [];
    }

    private sealed class Flow(FanOutOrder ordered, int to, Link up, Link down, double bits, double now)
    {
        public FanOutOrder Ordered { get; } = ordered;

        public int To { get; } = to;

        public Link Up { get; } = up;

        public Link Down { get; } = down;

        public double Left { get; set; } = bits;

        public double Since { get; set; } = now;

        public double Rate { get; set; }

        public int Version { get; set; }

        public bool Ended { get; set; }
    }
}
