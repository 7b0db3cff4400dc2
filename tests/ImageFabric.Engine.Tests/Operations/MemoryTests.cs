using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;
using Xunit.Abstractions;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>However large the disk is, the program stays small.</summary>
public sealed class MemoryTests(ITestOutputHelper log) : IDisposable
{
    private const long Mebi = 1024 * 1024;
    private const long Limit = 300_000_000;
    private const long Length = 20L * 1024 * Mebi;
    private const long Data = 600 * Mebi;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public Task Publish_and_pull_with_a_directory_take_less_than_300_MB() => MeasureAsync(TestStore.InDirectory(scratch["store"]));

    [TestbedFact]
    public async Task Publish_and_pull_with_an_S3_store_take_less_than_300_MB()
    {
        TestStore store = TestStore.InBucket();
        await MeasureAsync(store);

        // The testbed keeps its objects in memory.
        await store.DeleteAsync("packs/");
    }

    private async Task MeasureAsync(TestStore store)
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], Length, Data);
        PublishResult published = await MeasureAsync<PublishResult>(store.Start("publish", disk, "--name", "disk", "--version", "1"));
        Assert.Equal((Length, Data), (published.VirtualSize, published.BytesRead));
        File.Delete(disk);

        PullResult pulled = await MeasureAsync<PullResult>(store.Start("pull", "disk:1", "--output", scratch["pulled.raw"]));
        Assert.Equal(Length, pulled.VirtualSize);
    }

    private async Task<T> MeasureAsync<T>(EngineProgram started)
        where T : EngineEvent
    {
        await using EngineProgram program = started;
        T result = (await program.FinishedAsync()).Result<T>();
        log.WriteLine($"{typeof(T).Name}: peak of {program.PeakMemory / 1e6:0} MB");
        Assert.InRange(program.PeakMemory, 1, Limit);
        return result;
    }
}
