using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Faults;

/// <summary>The store goes away in the midst of work, for good.</summary>
public sealed class LastingOutageTests
{
    [TestbedFact]
    public async Task It_is_said_and_the_next_run_goes_on_from_there()
    {
        TestStore store = TestStore.InBucket();
        await using Relay relay = Relay.Open();
        TestStore way = store.Through(relay);
        await using OutageInWork work = await OutageInWork.StartAsync(store, way);
        await relay.ShutAsync();
        work.Resume();

        EngineAnswer[] answers = await Task.WhenAll(way.RunAsync("list"), work.Publish.FinishedAsync(), work.Pull.FinishedAsync());

        Assert.All(answers, answer => Assert.Equal("StoreUnreachable", answer.Failure().Id));
        Assert.All(answers, answer => Assert.Contains("Connection refused", answer.Failure().Message));
        Assert.All(answers, answer => Assert.Empty(answer.Error));
        Assert.False(File.Exists(work.Output));
        Assert.Equal("1", (await store.RunAsync("list")).Result<ImageResult>().Version);

        Assert.True((await store.PullAsync("1", work.Output)).Result<PullResult>().BytesReused > 0);
        Assert.True((await store.PublishAsync(work.SecondDisk, "2")).Result<PublishResult>().BytesReused > 0);
        OutageInWork.AssertIs(work.FirstDisk, work.Output);
        (await store.PullAsync("2", work.Output, "--force")).Succeeded();
        OutageInWork.AssertIs(work.SecondDisk, work.Output);
    }
}
