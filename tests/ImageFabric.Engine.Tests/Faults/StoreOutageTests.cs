using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Faults;

/// <summary>The store's service goes away in the midst of work.</summary>
[Collection(GatewayCollection.Name)]
public sealed class StoreOutageTests : IAsyncLifetime
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();
    private TestStore store = null!;
    private string published = "";
    private string publishing = "";

    public async Task InitializeAsync()
    {
        if (Requirements.Store is not null)
            return;
        store = TestStore.InBucket();
        published = SampleDisk.MakeDense(scratch["published.raw"], 112 * Mebi, 96 * Mebi, seed: 1);
        publishing = SampleDisk.MakeDense(scratch["publishing.raw"], 112 * Mebi, 96 * Mebi, seed: 2);
        (await store.PublishAsync(published, "1")).Succeeded();
    }

    public async Task DisposeAsync()
    {
        if (Requirements.Store is null)
            await Gateway.StartAsync();
        scratch.Dispose();
    }

    [TestbedFact]
    public async Task A_publish_and_a_pull_get_over_an_outage_of_five_seconds()
    {
        await using EngineProgram publish = await StartPublishAsync();
        await using EngineProgram pull = await StartPullAsync();
        await Gateway.StopAsync();
        publish.Send(Signal.Continue);
        pull.Send(Signal.Continue);
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.False(publish.HasEnded || pull.HasEnded);
        await Gateway.StartAsync();

        PullResult pulled = (await pull.FinishedAsync()).Result<PullResult>();
        Assert.True((await publish.FinishedAsync()).Result<PublishResult>().Created);
        (await store.PullAsync("2", scratch["second.raw"])).Succeeded();

        QemuImg.AssertIdentical(published, "raw", pulled.Path, "raw");
        QemuImg.AssertIdentical(publishing, "raw", scratch["second.raw"], "raw");
    }

    [TestbedFact]
    public async Task An_outage_that_does_not_end_is_said_and_the_next_run_goes_on_from_there()
    {
        await using EngineProgram publish = await StartPublishAsync();
        await using EngineProgram pull = await StartPullAsync();
        await Gateway.StopAsync();
        publish.Send(Signal.Continue);
        pull.Send(Signal.Continue);

        EngineAnswer listed = await store.RunAsync("list");
        EngineAnswer publishFailed = await publish.FinishedAsync();
        EngineAnswer pullFailed = await pull.FinishedAsync();
        await Gateway.StartAsync();

        Assert.Equal(["StoreUnreachable", "StoreUnreachable", "StoreUnreachable"], new[] { listed, publishFailed, pullFailed }.Select(answer => answer.Failure().Id));
        Assert.All([listed, publishFailed, pullFailed], answer => Assert.Contains("refused", answer.Failure().Message));
        Assert.False(File.Exists(scratch["first.raw"]));
        Assert.Equal("1", (await store.RunAsync("list")).Result<ImageResult>().Version);

        Assert.True((await store.PullAsync("1", scratch["first.raw"])).Result<PullResult>().BytesReused > 0);
        Assert.True((await store.PublishAsync(publishing, "2")).Result<PublishResult>().BytesReused > 0);
        QemuImg.AssertIdentical(published, "raw", scratch["first.raw"], "raw");
        (await store.RunAsync("verify", "disk:2")).Succeeded();
    }

    /// <summary>A publish that has sent its first pack, held there.</summary>
    private async Task<EngineProgram> StartPublishAsync()
    {
        int before = (await store.KeysAsync("packs/")).Count;
        EngineProgram program = store.Start("publish", publishing, "--name", "disk", "--version", "2", "--throttle", "1");
        while (!program.HasEnded && (await store.KeysAsync("packs/")).Count == before)
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        program.Send(Signal.Stop);
        return program;
    }

    /// <summary>A pull that has written its first chunk, held there.</summary>
    private async Task<EngineProgram> StartPullAsync()
    {
        EngineProgram program = store.Start("pull", "disk:1", "--output", scratch["first.raw"]);
        await program.NextEventAsync<ProgressEvent>(EngineEvent.ProgressType);
        program.Send(Signal.Stop);
        return program;
    }
}
