using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Tests.Publish;

/// <summary>Against stores that are made up: how fast each of n uploads at once is.</summary>
public sealed class UploadRateTests
{
    private const long Length = 16 << 20;

    private double now;
    private long faults;

    [Fact]
    public void It_rises_while_each_further_upload_moves_as_much_as_the_others()
    {
        var rate = new UploadRate(16);
        Run(rate, rounds: 40, atOnce => 10e6);
        Assert.Equal(16, rate.Current);
    }

    [Fact]
    public void It_stays_where_the_line_is_full()
    {
        var rate = new UploadRate(16);
        var seen = new List<int>();
        Run(rate, rounds: 60, atOnce => Math.Min(10e6, 40e6 / atOnce), seen);
        Assert.All(seen[10..], current => Assert.InRange(current, 4, 5));
        Assert.True(seen[10..].Count(current => current == 4) > 40);
    }

    [Fact]
    public void It_halves_when_the_store_refuses_and_rises_again_afterwards()
    {
        var rate = new UploadRate(12);
        Run(rate, rounds: 30, atOnce => 10e6);
        Assert.Equal(12, rate.Current);
        faults += 3;
        Run(rate, rounds: 1, atOnce => 10e6);
        Assert.Equal(6, rate.Current);
        faults += 1;
        Run(rate, rounds: 1, atOnce => 10e6);
        Assert.Equal(3, rate.Current);
        Run(rate, rounds: 30, atOnce => 10e6);
        Assert.Equal(12, rate.Current);
    }

    [Fact]
    public void It_falls_when_the_store_becomes_slow()
    {
        var rate = new UploadRate(12);
        Run(rate, rounds: 30, atOnce => 10e6);
        Run(rate, rounds: 3, atOnce => atOnce > 4 ? 1e6 : 10e6);
        Assert.True(rate.Current < 12);
    }

    [Fact]
    public void It_stays_low_when_nothing_waits_for_a_turn()
    {
        var rate = new UploadRate(12);
        Run(rate, rounds: 30, atOnce => 10e6, waiting: false);
        Assert.Equal(2, rate.Current);
    }

    [Fact]
    public void It_is_never_less_than_one_nor_more_than_asked_for()
    {
        var rate = new UploadRate(1);
        Run(rate, rounds: 5, atOnce => 10e6);
        faults++;
        Run(rate, rounds: 5, atOnce => 10e6);
        Assert.Equal(1, rate.Current);
    }

    private void Run(UploadRate rate, int rounds, Func<int, double> bytesPerSecond, List<int>? seen = null, bool waiting = true)
    {
        for (int round = 0; round < rounds; round++)
        {
            int atOnce = rate.Current;
            double seconds = Length / bytesPerSecond(atOnce);
            now += seconds;
            for (int i = 0; i < atOnce; i++)
                rate.Completed(Length, seconds, now, waiting, faults);
            seen?.Add(rate.Current);
        }
    }
}
