using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Faults;

/// <summary>The store's service stops in the midst of work, and starts again.</summary>
[Collection(GatewayCollection.Name)]
public sealed class StoreOutageTests : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => Requirements.Store is null ? Gateway.StartAsync() : Task.CompletedTask;

    [TestbedFact]
    public async Task A_publish_and_a_pull_get_over_an_outage_of_five_seconds()
    {
        TestStore store = TestStore.InBucket();
        await using OutageInWork work = await OutageInWork.StartAsync(store, store);
        await Gateway.StopAsync();
        work.Resume();
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.False(work.Publish.HasEnded || work.Pull.HasEnded);
        await Gateway.StartAsync();

        (await work.Pull.FinishedAsync()).Result<PullResult>();
        Assert.True((await work.Publish.FinishedAsync()).Result<PublishResult>().Created);
        OutageInWork.AssertIs(work.FirstDisk, work.Output);
        (await store.PullAsync("2", work.Output, "--force")).Succeeded();
        OutageInWork.AssertIs(work.SecondDisk, work.Output);
    }
}
