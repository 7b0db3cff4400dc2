using ImageFabric.Engine.Output;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Output;

public sealed class ProgressPaceTests
{
    private readonly ProgressPace pace = new();

    [Fact]
    public void The_first_report_passes_and_those_right_behind_it_do_not()
    {
        Assert.True(pace.Passes(new ProgressReport("copy", 1, 1_000_000)));
        Assert.Equal(0, Enumerable.Range(2, 100).Count(done => pace.Passes(new ProgressReport("copy", done, 1_000_000))));
    }

    [Fact]
    public void The_last_report_passes_once_however_soon_it_comes()
    {
        Assert.True(pace.Passes(new ProgressReport("copy", 1, 100)));
        Assert.True(pace.Passes(new ProgressReport("copy", 100, 100)));
        Assert.False(pace.Passes(new ProgressReport("copy", 100, 100)));
    }

    [Fact]
    public async Task Reports_pass_again_after_a_while_but_none_that_goes_back()
    {
        Assert.True(pace.Passes(new ProgressReport("copy", 10, null)));
        await Task.Delay(TimeSpan.FromMilliseconds(250));
        Assert.False(pace.Passes(new ProgressReport("copy", 9, null)));
        Assert.False(pace.Passes(new ProgressReport("copy", 10, null)));
        Assert.True(pace.Passes(new ProgressReport("copy", 11, null)));
    }

    [Fact]
    public void Another_activity_begins_anew()
    {
        Assert.True(pace.Passes(new ProgressReport("copy", 50, 100)));
        Assert.True(pace.Passes(new ProgressReport("check", 1, 100)));
    }

    [Fact]
    public void What_crossed_the_wire_passes_although_no_byte_of_the_disk_is_done_and_says_how_long_the_rest_takes()
    {
        Assert.True(pace.Passes(new ProgressReport("pull", 0, 100) { Fetched = 0, ToFetch = 50 }));
        ProgressEvent told = pace.Describe(new ProgressReport("pull", 0, 100) { Fetched = 10, ToFetch = 50, Reused = 5 });
        Assert.Equal((10, 50, 5), (told.BytesFetched, told.BytesToFetch, told.BytesReused));
        Assert.Null(told.BytesPerSecond);
    }

    [Fact]
    public void The_rate_is_that_of_the_last_seconds()
    {
        var clock = new ManualTime();
        var rate = new TransferRate(clock);
        rate.Add(0);
        Assert.Null(rate.PerSecond);
        for (int second = 1; second <= 20; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            rate.Add(second <= 10 ? second * 100 : 1000 + ((second - 10) * 10));
        }

        Assert.Equal(10, rate.PerSecond);
        Assert.Equal(5, rate.SecondsFor(50));
        Assert.Equal(0, rate.SecondsFor(-1));
    }

    [Fact]
    public void A_line_for_people_says_what_is_fetched_reused_and_left()
    {
        var progress = new ProgressEvent { Activity = "Syncing", BytesDone = 1 << 20, BytesTotal = 4 << 20, BytesToFetch = 2 << 20, BytesFetched = 1 << 19, BytesReused = 1 << 19, BytesPerSecond = 1 << 18, SecondsLeft = 66 };
        Assert.Equal("Syncing:  25 %  1.00 MiB of 4.00 MiB, 512 KiB of 2.00 MiB fetched, 512 KiB reused, 256 KiB/s, 1:06 left", ProgressText.Describe(progress));
    }

    private sealed class ManualTime : TimeProvider
    {
        private long now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now;

        public void Advance(TimeSpan time) => now += time.Ticks;
    }
}
