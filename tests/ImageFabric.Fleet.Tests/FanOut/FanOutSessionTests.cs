using System.Collections.Concurrent;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests.FanOut;

/// <summary>What a fan-out tells hosts, by what they say.</summary>
public sealed class FanOutSessionTests : IDisposable
{
    private const string IndexKey = "indexes/aa/aa";
    private readonly FanOutSession session = new(new Granting(), "http://store:80");

    public void Dispose() => session.Dispose();

    [Fact]
    public async Task The_first_host_takes_the_index_from_the_store_and_the_others_from_hosts_that_have_it()
    {
        using FanOutMember first = session.Join("one");
        using FanOutMember second = session.Join("two");
        Assert.Null((await IndexAsync(first)).Holder);

        Task<GrantedObject> waiting = IndexAsync(second);
        Assert.False(waiting.IsCompleted);
        first.Take(Offer(1, held: null));

        GrantedObject granted = await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(("10.0.0.1", 1001), (granted.Holder!.Address, granted.Holder.Port));
        Assert.Equal("http://store/" + IndexKey, granted.Url);
    }

    [Fact]
    public async Task When_the_host_that_takes_the_index_is_lost_another_takes_it()
    {
        FanOutMember first = session.Join("one");
        using FanOutMember second = session.Join("two");
        await IndexAsync(first);
        Task<GrantedObject> waiting = IndexAsync(second);

        first.Dispose();

        Assert.Null((await waiting.WaitAsync(TimeSpan.FromSeconds(10))).Holder);
    }

    [Fact]
    public void A_host_is_told_where_another_is_before_it_is_told_to_take_from_it()
    {
        using FanOutMember whole = session.Join("one");
        using FanOutMember empty = session.Join("two");
        whole.Take(Offer(1, held: [0xff]));
        BlockingCollection<OrderEvent> orders = Orders(empty);
        empty.Take(Offer(2, held: [0]));

        var ordered = new List<int>();
        var known = new HashSet<int>();
        while (ordered.Count < 8)
        {
            Assert.True(orders.TryTake(out OrderEvent? order, TimeSpan.FromSeconds(10)), "No order came.");
            foreach (HolderAddress holder in order.Holders ?? [])
                Assert.True(known.Add(holder.Id));
            foreach (OrderedPiece piece in order.Pieces)
            {
                Assert.Contains(piece.Source, known);
                ordered.Add(piece.Piece);
                empty.Take(new PieceEvent { Piece = piece.Piece, Source = piece.Source });
            }
        }

        Assert.Equal(Enumerable.Range(0, 8), ordered.Order());
    }

    [Fact]
    public void What_a_host_does_not_give_comes_from_the_store()
    {
        using FanOutMember whole = session.Join("one");
        using FanOutMember empty = session.Join("two");
        whole.Take(Offer(1, held: [0xff]));
        BlockingCollection<OrderEvent> orders = Orders(empty);
        empty.Take(Offer(2, held: [0]));
        Assert.True(orders.TryTake(out OrderEvent? first, TimeSpan.FromSeconds(10)));

        foreach (OrderedPiece piece in first.Pieces)
            empty.Take(new PieceEvent { Piece = piece.Piece, Source = piece.Source, Failure = "It does not answer." });

        while (orders.TryTake(out OrderEvent? next, TimeSpan.FromSeconds(1)))
            Assert.All(next.Pieces, p => Assert.Equal(0, p.Source));
    }

    [Fact]
    public void Hosts_that_cut_the_image_differently_are_not_of_one_fan_out()
    {
        using FanOutMember one = session.Join("one");
        using FanOutMember two = session.Join("two");
        one.Take(Offer(1, held: [0]));
        OfferEvent other = Offer(2, held: [0, 0]);
        other.Pieces = 9;
        Assert.Equal("EngineFailed", Assert.Throws<FleetException>(() => two.Take(other)).Error.Id);
        Assert.Equal("EngineFailed", Assert.Throws<FleetException>(() => one.Take(new PieceEvent { Piece = 8 })).Error.Id);
    }

    private static async Task<GrantedObject> IndexAsync(FanOutMember member) =>
        Assert.Single((await member.GrantAsync(new DemandEvent { Objects = [IndexKey] }, default)).Objects);

    private static BlockingCollection<OrderEvent> Orders(FanOutMember member)
    {
        var orders = new BlockingCollection<OrderEvent>();
        member.Attach((order, stop) =>
        {
            orders.Add(order, stop);
            return Task.CompletedTask;
        });
        return orders;
    }

    private static OfferEvent Offer(int host, byte[]? held) => new()
    {
        Pieces = 8,
        Held = held is null ? null : Convert.ToBase64String(held),
        Address = $"10.0.0.{host}",
        Port = 1000 + host,
        Certificate = new string('a', 64),
    };

    private sealed class Granting : IGrantSource
    {
        public Task<GrantEvent> GrantAsync(DemandEvent demand, CancellationToken cancellationToken) => Task.FromResult(
            new GrantEvent { Objects = [.. demand.Objects.Select(key => new GrantedObject { Key = key, Url = "http://store/" + key })] });
    }
}
