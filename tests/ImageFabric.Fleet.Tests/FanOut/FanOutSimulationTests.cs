using Xunit.Abstractions;

namespace ImageFabric.Fleet.Tests.FanOut;

/// <summary>What fan-out promises, on modelled links of up to ten thousand hosts of 200 Mbit/s and a store of 400 Mbit/s.</summary>
public sealed class FanOutSimulationTests(ITestOutputHelper output)
{
    private const double Mega = 1e6;
    private const double Gibi = 1L << 30;
    private const double Alone = Gibi * 8 / (200 * Mega);

    [Theory]
    [InlineData(1, 1024, 1.05)]
    [InlineData(3, 1024, 1.1)]
    [InlineData(8, 1024, 1.2)]
    [InlineData(12, 1024, 1.25)]
    [InlineData(100, 512, 1.3)]
    [InlineData(1000, 256, 1.4)]
    [InlineData(10_000, 64, 2.4)]
    public void All_hosts_together_take_little_longer_than_one_alone_and_the_store_sends_about_one_copy(int hosts, int pieces, double longest)
    {
        SimulatedSync sync = Run(Even(hosts), pieces);

        Assert.InRange(sync.Seconds / Alone, 0.99, longest);
        Assert.InRange(sync.StoreCopies, 1, 1.55);
    }

    [Fact]
    public void Hosts_that_come_later_take_from_those_that_were_there()
    {
        SimulatedSync sync = Run([.. Even(40).Select((h, n) => h with { Start = n * 5 })], 256);

        Assert.All(sync.Finished.Select((finished, n) => finished - (n * 5)), took => Assert.InRange(took, 0.5 * Alone, 1.2 * Alone));
        Assert.InRange(sync.StoreCopies, 1, 1.1);
    }

    [Fact]
    public void Hosts_that_die_cost_the_others_little()
    {
        SimulatedSync sync = Run([.. Even(30).Select((h, n) => n % 3 == 0 ? h with { Dies = 5 + n } : h)], 256);

        Assert.Equal(20, sync.Finished.Count(f => !double.IsInfinity(f)));
        Assert.InRange(sync.Seconds, Alone, 1.6 * Alone);
        Assert.InRange(sync.StoreCopies, 1, 2);
    }

    [Fact]
    public void Hosts_that_lie_are_dropped()
    {
        SimulatedSync sync = Run([.. Even(30).Select((h, n) => n % 5 == 0 ? h with { Lies = true } : h)], 256);

        Assert.All(sync.Finished, f => Assert.InRange(f, 0, 2 * Alone));
        Assert.InRange(sync.StoreCopies, 1, 2);
    }

    [Fact]
    public void Hosts_that_nobody_can_reach_take_part_all_the_same()
    {
        SimulatedSync sync = Run([.. Even(30).Select((h, n) => h with { Serves = n % 2 == 0 })], 256);

        // Half of the hosts have to send to all.
        Assert.InRange(sync.Seconds, Alone, 2.6 * Alone);
        Assert.InRange(sync.StoreCopies, 1, 2);
    }

    [Fact]
    public void A_slow_host_holds_nobody_else()
    {
        SimulatedSync sync = Run([.. Even(9), new SimulatedHost(2 * Mega, 2 * Mega) { Dies = 300 }], 256);

        Assert.All(sync.Finished.Take(9), f => Assert.InRange(f, 0, 1.5 * Alone));
        Assert.InRange(sync.StoreCopies, 1, 2);
    }

    [Theory]
    [InlineData(3, 4)]
    [InlineData(8, 20)]
    [InlineData(8, 2)]
    public void Where_the_store_is_slow_no_host_is_blamed_for_it(int hosts, double storeRate)
    {
        SimulatedSync sync = FanOutSimulation.Run(Even(hosts), storeRate * Mega, 64 << 20, 64);

        output.WriteLine($"{sync.Seconds:0.0} s; the store sent {sync.StoreCopies:0.00} copies");
        Assert.InRange(sync.StoreCopies, 1, 1.35);
        Assert.InRange(sync.Seconds / ((64 << 20) * 8 / (storeRate * Mega)), 0.99, 1.4);
    }

    [Fact]
    public void Where_no_host_reaches_another_the_store_sends_to_all()
    {
        SimulatedSync sync = Run([.. Even(4).Select(h => h with { Serves = false })], 128);

        Assert.All(sync.Finished, f => Assert.InRange(f, 0, 2.2 * Alone));
        Assert.InRange(sync.StoreCopies, 3.9, 4.1);
    }

    [Fact]
    public void The_same_hosts_give_the_same_sync()
    {
        SimulatedSync one = Run(Even(20), 128);
        SimulatedSync again = Run(Even(20), 128);

        Assert.Equal(one.Finished, again.Finished);
    }

    private SimulatedSync Run(IReadOnlyList<SimulatedHost> hosts, int pieces)
    {
        SimulatedSync sync = FanOutSimulation.Run(hosts, 400 * Mega, Gibi, pieces);
        output.WriteLine($"{hosts.Count} hosts: {sync.Seconds:0.0} s, {sync.Seconds / Alone:0.00} times one host alone; the store sent {sync.StoreCopies:0.00} copies");
        return sync;
    }

    private static SimulatedHost[] Even(int count) => [.. Enumerable.Range(0, count).Select(_ => new SimulatedHost(200 * Mega, 200 * Mega))];
}
