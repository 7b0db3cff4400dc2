using System.Diagnostics;
using System.Net;
using System.Threading.Channels;
using ImageFabric.Disks;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.FanOut;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Pull;
using ImageFabric.Store.Tests.Format;
using ImageFabric.Store.Tests.Publish;

namespace ImageFabric.Store.Tests.FanOut;

/// <summary>Hosts that give pieces to each other, those that give wrong ones, and those that may have none.</summary>
public sealed class FanOutTests : IAsyncLifetime
{
    private static readonly byte[] Token = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string scratch = Directory.CreateTempSubdirectory("imagefabric-fanout-").FullName;
    private readonly byte[] content = MemoryDisk.Sample(21, 20_000_001);
    private IObjectStore store = null!;
    private Manifest manifest = null!;
    private ImageIndex index = null!;
    private byte[] indexObject = [];

    public async Task InitializeAsync()
    {
        store = await ObjectStores.OpenAsync(new ObjectStoreLocation { Uri = Path.Combine(scratch, "store") }, create: true, None);
        manifest = (await ImagePublisher.RunAsync(store, new MemoryDisk(content), new PublishOptions(new ImageReference("a", "1")), None)).Manifest;
        index = await ImageCatalog.ReadIndexAsync(store, manifest, None);
        indexObject = await store.ReadAllAsync(manifest.Index, manifest.IndexSize, None);
    }

    public async Task DisposeAsync()
    {
        await store.DisposeAsync();
        Directory.Delete(scratch, recursive: true);
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("qcow2")]
    public async Task A_host_gives_all_it_has_taken_to_the_next(string format)
    {
        await using FanOutServer first = Start();
        PullOutcome fromStore = await PullAsync("first", first, new Broker(null), format);
        await first.ServeAsync(Path.Combine(scratch, "first"), None);
        await using FanOutServer second = Start();
        PullOutcome fromHost = await PullAsync("second", second, new Broker(AddressOf(first)));

        Assert.Equal((0, 0), (fromStore.BytesFromHosts, fromHost.BytesFetched));
        Assert.InRange(fromHost.BytesFromHosts, fromStore.BytesFetched * 9 / 10, fromStore.BytesFetched * 11 / 10);
        Assert.Equal(fromHost.BytesFromHosts, first.BytesSent);
        await HoldsAsync("first");
        await HoldsAsync("second");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_host_gives_and_takes_no_more_in_a_second_than_it_may(bool giving)
    {
        const long Rate = 8_000_000;
        await File.WriteAllBytesAsync(Path.Combine(scratch, "whole"), content);
        await using FanOutServer giver = Start(giving ? BandwidthLimit.Of(Rate) : null);
        await giver.ServeAsync(Path.Combine(scratch, "whole"), None);
        await using FanOutServer taker = Start();
        long start = Stopwatch.GetTimestamp();
        PullOutcome pulled = await PullAsync("pulled", taker, new Broker(AddressOf(giver)), limit: giving ? null : BandwidthLimit.Of(Rate));

        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, ((double)pulled.BytesFromHosts / Rate) - 0.15, 30);
        await HoldsAsync("pulled");
    }

    [Fact]
    public async Task A_host_that_had_the_image_before_gives_it_too()
    {
        await File.WriteAllBytesAsync(Path.Combine(scratch, "old"), content);
        await using FanOutServer old = Start();
        await old.ServeAsync(Path.Combine(scratch, "old"), None);
        FanOutOffer offer = old.OfferWhole(index);
        await using FanOutServer next = Start();

        PullOutcome pulled = await PullAsync("next", next, new Broker(AddressOf(old)));

        Assert.Equal(new PieceTable(index).Count, offer.Held!.Sum(b => byte.PopCount(b)));
        Assert.Equal(0, pulled.BytesFetched);
        Assert.InRange(pulled.BytesFromHosts, 1, manifest.StoredSize * 5 / 4);
        await HoldsAsync("next");
    }

    [Fact]
    public async Task Hosts_that_begin_together_take_from_each_other_while_they_are_not_whole()
    {
        await using FanOutServer one = Start();
        await using FanOutServer two = Start();
        var ofOne = new Broker(AddressOf(two)) { Mine = static p => p % 2 == 0 };
        var ofTwo = new Broker(AddressOf(one)) { Mine = static p => p % 2 == 1 };
        (ofOne.Other, ofTwo.Other) = (ofTwo, ofOne);

        PullOutcome[] pulled = await Task.WhenAll(PullAsync("one", one, ofOne), PullAsync("two", two, ofTwo));

        Assert.InRange(pulled.Sum(p => p.BytesFetched), manifest.StoredSize, manifest.StoredSize * 11 / 10);
        Assert.All(pulled, p => Assert.InRange(p.BytesFromHosts, 1, manifest.StoredSize));
        await HoldsAsync("one");
        await HoldsAsync("two");
    }

    [Fact]
    public async Task What_a_host_gives_is_believed_only_when_it_is_what_the_index_names()
    {
        byte[] wrong = (byte[])content.Clone();
        for (int i = 5000; i < wrong.Length; i += 4096)
            wrong[i] ^= 0x55;
        await File.WriteAllBytesAsync(Path.Combine(scratch, "wrong"), wrong);
        await using FanOutServer liar = Start();
        await liar.ServeAsync(Path.Combine(scratch, "wrong"), None);
        await using FanOutServer host = Start();
        var broker = new Broker(AddressOf(liar));

        await PullAsync("pulled", host, broker);

        Assert.NotEmpty(broker.Failures);
        await HoldsAsync("pulled");
    }

    [Fact]
    public async Task Who_has_another_token_gets_nothing()
    {
        await using FanOutServer whole = await StartWholeAsync();
        await using FanOutServer host = Start();
        var broker = new Broker(AddressOf(whole)) { Token = new byte[32] };

        PullOutcome pulled = await PullAsync("pulled", host, broker);

        Assert.NotEmpty(broker.Failures);
        Assert.Equal(0, pulled.BytesFromHosts);
        Assert.Equal(0, whole.BytesSent);
        await Assert.ThrowsAsync<StoreException>(() => FanOutIndex.ReadAsync(AddressOf(whole), new byte[32], manifest.Index, manifest.IndexSize, None));
    }

    [Fact]
    public async Task A_host_that_shows_another_certificate_is_not_spoken_to()
    {
        await using FanOutServer whole = await StartWholeAsync();
        await using FanOutServer host = Start();
        var broker = new Broker(AddressOf(whole) with { Certificate = new byte[32] });

        PullOutcome pulled = await PullAsync("pulled", host, broker);

        Assert.All(broker.Failures, f => Assert.Contains("cannot be reached", f, StringComparison.Ordinal));
        Assert.Equal(0, pulled.BytesFromHosts);
        await HoldsAsync("pulled");
    }

    [Fact]
    public async Task The_index_comes_from_a_host_and_no_other_is_taken_for_it()
    {
        await using FanOutServer whole = await StartWholeAsync();

        using SpooledObject read = await FanOutIndex.ReadAsync(AddressOf(whole), Token, manifest.Index, manifest.IndexSize, None);
        Assert.Equal(indexObject, read.ToArray());
        string other = ObjectKeys.Index(new byte[32]);
        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => FanOutIndex.ReadAsync(AddressOf(whole), Token, other, manifest.IndexSize, None));
        Assert.Equal("IndexCorrupt", refused.Id);
    }

    [Fact]
    public async Task A_host_that_is_gone_costs_a_failure_and_not_the_pull()
    {
        PeerAddress gone;
        await using (FanOutServer whole = await StartWholeAsync())
            gone = AddressOf(whole);
        await using FanOutServer host = Start();
        var broker = new Broker(gone);

        await PullAsync("pulled", host, broker);

        Assert.NotEmpty(broker.Failures);
        await HoldsAsync("pulled");
    }

    [Fact]
    public void Pieces_hold_all_frames_once_and_none_lies_in_two_packs()
    {
        var pieces = new PieceTable(index);
        Assert.True(pieces.Count > 1);
        int next = 0;
        for (int p = 0; p < pieces.Count; p++)
        {
            Assert.Equal(next, pieces.First(p));
            Assert.True(pieces.End(p) > pieces.First(p));
            Assert.Equal(index.Frames[pieces.First(p)].Pack, index.Frames[pieces.End(p) - 1].Pack);
            next = pieces.End(p);
        }

        Assert.Equal(index.Frames.Length, next);
    }

    private FanOutServer Start(BandwidthLimit? limit = null) => FanOutServer.Start(IPAddress.Loopback, Token, index, SpooledObject.Of(indexObject), limit);

    private async Task<FanOutServer> StartWholeAsync()
    {
        await File.WriteAllBytesAsync(Path.Combine(scratch, "whole"), content);
        FanOutServer server = Start();
        await server.ServeAsync(Path.Combine(scratch, "whole"), None);
        return server;
    }

    private static PeerAddress AddressOf(FanOutServer server) => new(1, server.Address!, server.CertificatePin);

    private Task<PullOutcome> PullAsync(string name, FanOutServer server, Broker broker, string format = "raw", BandwidthLimit? limit = null) => ImagePull.RunAsync(
        store, index, Path.Combine(scratch, name), new PullOptions { Format = format, FanOut = new FanOutOptions(server, broker, broker.Token, Path.Combine(scratch, name + ".kept"), limit) }, None);

    private async Task HoldsAsync(string name)
    {
        using ILogicalDisk disk = await DiskImage.OpenAsync(Path.Combine(scratch, name), DiskPolicy.Default, None);
        byte[] found = new byte[content.Length];
        await disk.ReadAsync(0, found, None);
        Assert.True(content.AsSpan().SequenceEqual(found), $"{name} does not hold what was published");
        Assert.False(File.Exists(Path.Combine(scratch, name + ".kept")));
    }

    /// <summary>Orders every piece from one host, and from the store what that does not give; or half from the store, and the rest from the other when it has it.</summary>
    private sealed class Broker(PeerAddress? peer) : IPieceBroker
    {
        private readonly Channel<PieceOrder> orders = Channel.CreateUnbounded<PieceOrder>();

        public byte[] Token { get; init; } = FanOutTests.Token;

        public Func<int, bool>? Mine { get; init; }

        public Broker? Other { get; set; }

        public List<string> Failures { get; } = [];

        public void Offer(FanOutOffer offer)
        {
            for (int p = 0; p < offer.Pieces; p++)
            {
                if (Mine is null || Mine(p))
                    orders.Writer.TryWrite(new PieceOrder(p, Mine is null ? peer : null));
            }
        }

        public IAsyncEnumerable<PieceOrder> OrdersAsync(CancellationToken cancellationToken) => orders.Reader.ReadAllAsync(cancellationToken);

        public void Done(PieceOrder order)
        {
            if (order.Peer is null)
                Other?.orders.Writer.TryWrite(new PieceOrder(order.Piece, Other.Peer));
        }

        public void Failed(PieceOrder order, string why)
        {
            lock (Failures)
                Failures.Add(why);
            orders.Writer.TryWrite(order with { Peer = null });
        }

        private PeerAddress? Peer => peer;
    }
}
