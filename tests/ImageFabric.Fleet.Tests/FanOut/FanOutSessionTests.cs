using System.Collections.Concurrent;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests.FanOut;

/// <summary>What a fan-out tells hosts, by what they say.</summary>
public sealed class FanOutSessionTests : IDisposable
{
    private const string IndexKey = "indexes/aa/aa";
    private readonly FanOutSession session = new(new Granting(), "http://store:80", []);

    public void Dispose() => session.Dispose();

    [Fact]
    public async Task The_first_host_takes_the_index_from_the_store_and_the_others_from_hosts_that_have_it()
    {
        using FanOutMember first = Join("one");
        using FanOutMember second = Join("two");
        Assert.Null((await IndexAsync(first)).Holder);

        Task<GrantedObject> waiting = IndexAsync(second);
        Assert.False(waiting.IsCompleted);
        first.Take(Offer(1, held: null));

        GrantedObject granted = await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(("10.0.0.1", 2001), (granted.Holder!.Address, granted.Holder.Port));
        Assert.Equal("http://store/" + IndexKey, granted.Url);
    }

    [Fact]
    public async Task When_the_host_that_takes_the_index_is_lost_another_takes_it()
    {
        FanOutMember first = Join("one");
        using FanOutMember second = Join("two");
        await IndexAsync(first);
        Task<GrantedObject> waiting = IndexAsync(second);

        first.Dispose();

        Assert.Null((await waiting.WaitAsync(TimeSpan.FromSeconds(10))).Holder);
    }

    [Fact]
    public void A_host_is_told_where_another_is_before_it_is_told_to_take_from_it()
    {
        using FanOutMember whole = Join("one");
        using FanOutMember empty = Join("two");
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
        using FanOutMember whole = Join("one");
        using FanOutMember empty = Join("two");
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
    public void A_host_that_lies_about_the_pieces_first_does_not_part_the_others()
    {
        using FanOutMember liar = Join("liar");
        using FanOutMember whole = Join("one");
        using FanOutMember empty = Join("two");
        OfferEvent lie = Offer(3, held: [0, 0]);
        lie.Pieces = 9;
        BlockingCollection<OrderEvent> toLiar = Orders(liar);
        liar.Take(lie);
        whole.Take(Offer(1, held: [0xff]));
        BlockingCollection<OrderEvent> orders = Orders(empty);
        empty.Take(Offer(2, held: [0]));

        Assert.True(orders.TryTake(out OrderEvent? order, TimeSpan.FromSeconds(10)));
        Assert.All(order.Pieces, p => Assert.NotEqual(0, p.Source));
        Assert.True(toLiar.TryTake(out OrderEvent? alone, TimeSpan.FromSeconds(10)));
        Assert.All(alone.Pieces, p => Assert.Equal(0, p.Source));
        Assert.Equal("EngineFailed", Assert.Throws<FleetException>(() => whole.Take(new PieceEvent { Piece = 8 })).Error.Id);
    }

    [Theory]
    [InlineData("not-an-address", 2001, 64)]
    [InlineData("10.0.0.1", 22, 64)]
    [InlineData("10.0.0.1", 0, 64)]
    [InlineData("10.0.0.1", 70000, 64)]
    [InlineData("10.0.0.1", 2001, 3)]
    [InlineData("10.0.0.1", 2001, 0)]
    public void A_host_that_offers_what_cannot_be_is_dropped_and_the_others_never_hear_of_it(string address, int port, int digits)
    {
        using FanOutMember liar = Join("liar");
        using FanOutMember whole = Join("one");
        using FanOutMember empty = Join("two");
        OfferEvent lie = Offer(3, held: [0xff]);
        (lie.Address, lie.Port, lie.Certificate) = (address, port, new string('a', digits));
        Assert.Equal("EngineFailed", Assert.Throws<FleetException>(() => liar.Take(lie)).Error.Id);

        whole.Take(Offer(1, held: [0xff]));
        BlockingCollection<OrderEvent> orders = Orders(empty);
        empty.Take(Offer(2, held: [0]));
        Assert.True(orders.TryTake(out OrderEvent? order, TimeSpan.FromSeconds(10)));
        Assert.Equal("10.0.0.1", Assert.Single(order.Holders!).Address);
    }

    [Fact]
    public void A_host_that_offers_an_address_of_others_gives_nothing_and_the_user_is_told()
    {
        var warnings = new List<string>();
        using FanOutMember whole = session.Join("one", static _ => false, warnings.Add);
        using FanOutMember empty = Join("two");
        whole.Take(Offer(1, held: [0xff]));
        BlockingCollection<OrderEvent> orders = Orders(empty);
        empty.Take(Offer(2, held: [0]));

        Assert.True(orders.TryTake(out OrderEvent? order, TimeSpan.FromSeconds(10)));
        Assert.Null(order.Holders);
        Assert.All(order.Pieces, p => Assert.Equal(0, p.Source));
        Assert.Contains("10.0.0.1", Assert.Single(warnings), StringComparison.Ordinal);
    }

    private FanOutMember Join(string host) => session.Join(host, static address => address.ToString().StartsWith("10.0.0.", StringComparison.Ordinal), static _ => { });

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
        Port = 2000 + host,
        Certificate = new string('a', 64),
    };

    private sealed class Granting : IGrantSource
    {
        public Task<GrantEvent> GrantAsync(DemandEvent demand, CancellationToken cancellationToken) => Task.FromResult(
            new GrantEvent { Objects = [.. demand.Objects.Select(key => new GrantedObject { Key = key, Url = "http://store/" + key })] });
    }
}
