using ImageFabric.Engine.Output;

namespace ImageFabric.Engine.Tests.Output;

public sealed class ProgressPaceTests
{
    private readonly ProgressPace pace = new();

    [Fact]
    public void The_first_report_passes_and_those_right_behind_it_do_not()
    {
        Assert.True(pace.Passes("copy", 1, 1_000_000));
        Assert.Equal(0, Enumerable.Range(2, 100).Count(done => pace.Passes("copy", done, 1_000_000)));
    }

    [Fact]
    public void The_last_report_passes_once_however_soon_it_comes()
    {
        Assert.True(pace.Passes("copy", 1, 100));
        Assert.True(pace.Passes("copy", 100, 100));
        Assert.False(pace.Passes("copy", 100, 100));
    }

    [Fact]
    public async Task Reports_pass_again_after_a_while_but_none_that_goes_back()
    {
        Assert.True(pace.Passes("copy", 10, null));
        await Task.Delay(TimeSpan.FromMilliseconds(250));
        Assert.False(pace.Passes("copy", 9, null));
        Assert.False(pace.Passes("copy", 10, null));
        Assert.True(pace.Passes("copy", 11, null));
    }

    [Fact]
    public void Another_activity_begins_anew()
    {
        Assert.True(pace.Passes("copy", 50, 100));
        Assert.True(pace.Passes("check", 1, 100));
    }
}
