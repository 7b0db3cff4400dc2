using Xunit.Abstractions;

namespace ImageFabric.Fleet.Tests.FanOut;

/// <summary>What fan-out promises, on modelled links of up to ten thousand hosts.</summary>
public sealed class FanOutSimulationTests(ITestOutputHelper output)
{
    private const double Mega = 1e6;
    private const double Gibi = 1L << 30;

    [Theory]
    [InlineData(1, 1024)]
    [InlineData(3, 1024)]
    [InlineData(8, 1024)]
    [InlineData(12, 1024)]
    [InlineData(100, 512)]
    [InlineData(1000, 256)]
    [InlineData(10_000, 64)]
    public void All_hosts_together_take_little_longer_than_one_alone_and_the_store_sends_little_more_than_one_copy(int hosts, int pieces)
    {
        SimulatedSync sync = FanOutSimulation.Run(Even(hosts), 400 * Mega, Gibi, pieces);

        double alone = Gibi * 8 / (200 * Mega);
        output.WriteLine($"{hosts} hosts: {sync.Seconds:0.0} s, {sync.Seconds / alone:0.00} times one host alone; the store sent {sync.StoreCopies:0.00} copies");
        Assert.InRange(sync.Seconds / alone, 0.99, 1.3);
        Assert.InRange(sync.StoreCopies, 1, 1.35);
    }

    private static SimulatedHost[] Even(int count) => [.. Enumerable.Range(0, count).Select(_ => new SimulatedHost(200 * Mega, 200 * Mega))];
}
