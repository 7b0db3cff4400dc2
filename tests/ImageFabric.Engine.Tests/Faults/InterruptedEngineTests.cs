using System.Diagnostics;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Faults;

/// <summary>Ctrl+C and its kin, and callers that go away: the program ends at once and the next run goes on from there.</summary>
public sealed class InterruptedEngineTests : IDisposable
{
    private const int Cancelled = 130;
    private const int Attempts = 10;
    private const long Mebi = 1024 * 1024;
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(2);

    private readonly Scratch scratch = new();
    private readonly string disk;

    public InterruptedEngineTests() => disk = SampleDisk.MakeDense(scratch["disk.raw"], 112 * Mebi, 96 * Mebi);

    public void Dispose() => scratch.Dispose();

    [EngineTheory]
    [InlineData(Signal.Interrupt)]
    [InlineData(Signal.Terminate)]
    [InlineData(Signal.HangUp)]
    public async Task A_publish_ends_at_once_and_goes_on_later(Signal signal)
    {
        (TestStore store, EngineAnswer answer) = await InWorkAsync(
            attempt => TestStore.InDirectory(scratch[$"store{attempt}"]),
            store => store.Start("publish", disk, "--name", "disk", "--version", "1", "--throttle", "1"),
            (store, program) => store.AwaitFirstPackAsync(program),
            program => program.Send(signal));

        Assert.Empty(answer.Events<ErrorEvent>(EngineEvent.ErrorType));
        Assert.Empty(answer.Error);
        Assert.Empty((await store.RunAsync("list")).Succeeded().Output);
        Assert.Empty(await store.KeysAsync("tmp/"));
        await store.AssertNothingTornAsync();
        Assert.True((await store.PublishAsync(disk, "1")).Result<PublishResult>().BytesReused > 0);
        (await store.RunAsync("verify")).Succeeded();
    }

    [TestbedFact]
    public async Task A_publish_into_an_S3_store_ends_at_once_and_goes_on_later()
    {
        (TestStore store, _) = await InWorkAsync(
            _ => TestStore.InBucket(),
            store => store.Start("publish", disk, "--name", "disk", "--version", "1", "--throttle", "1"),
            (store, program) => store.AwaitFirstPackAsync(program),
            program => program.Send(Signal.Interrupt));

        Assert.Empty((await store.RunAsync("list")).Succeeded().Output);
        await store.AssertNothingTornAsync();
        Assert.True((await store.PublishAsync(disk, "1")).Result<PublishResult>().BytesReused > 0);
        (await store.RunAsync("verify")).Succeeded();
    }

    [EngineFact]
    public async Task A_pull_ends_at_once_and_goes_on_later()
    {
        TestStore store = await PublishedAsync();
        string output = scratch["pulled.raw"];

        await InWorkAsync(
            _ => store,
            _ => store.Start("pull", "disk:1", "--output", output, "--force", "--bandwidth-limit", "20M"),
            (_, program) => program.ReachAsync(4 * 1024 * 1024),
            program => program.Send(Signal.Interrupt),
            () => File.Delete(output));

        Assert.False(File.Exists(output));
        Assert.True((await store.PullAsync("1", output)).Result<PullResult>().BytesReused > 0);
        QemuImg.AssertIdentical(disk, "raw", output, "raw");
    }

    [EngineFact]
    public async Task The_end_of_standard_input_cancels_what_was_asked_for_on_it()
    {
        (TestStore store, EngineAnswer answer) = await InWorkAsync(
            attempt => TestStore.InDirectory(scratch[$"store{attempt}"]),
            store => StartServing(new PublishRequest { Store = store.Reference, Source = disk, Name = "disk", Version = "1", Throttle = 1 }),
            (store, program) => store.AwaitFirstPackAsync(program),
            program => program.Input.Close());

        Assert.Empty(answer.Results<PublishResult>());
        Assert.Empty(answer.Events<ErrorEvent>(EngineEvent.ErrorType));
        Assert.Empty((await store.RunAsync("list")).Succeeded().Output);
    }

    [EngineFact]
    public async Task A_pull_that_waits_for_a_grant_ends_with_standard_input()
    {
        TestStore store = await PublishedAsync();
        ImageResult image = (await store.RunAsync("list")).Result<ImageResult>();
        await using EngineProgram program = StartServing(new PullRequest { Image = image, ImageDirectory = scratch["host"] });

        DemandEvent demand = await program.NextEventAsync<DemandEvent>(EngineEvent.DemandType);
        program.Input.Close();

        Assert.Equal([image.Index], demand.Objects);
        Assert.Equal(Cancelled, (await program.FinishedAsync()).ExitCode);
    }

    /// <summary>Stops a program in the midst of its work; where it was done before, another one.</summary>
    private static async Task<(TestStore Store, EngineAnswer Answer)> InWorkAsync(
        Func<int, TestStore> makeStore, Func<TestStore, EngineProgram> start, Func<TestStore, EngineProgram, Task> untilInWork, Action<EngineProgram> stop, Action? again = null)
    {
        TimeSpan took = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            TestStore store = makeStore(attempt);
            await using EngineProgram program = start(store);
            await untilInWork(store, program);
            long begin = Stopwatch.GetTimestamp();
            stop(program);
            EngineAnswer answer = await program.FinishedAsync();
            took = Stopwatch.GetElapsedTime(begin);
            if (answer.ExitCode == Cancelled && took < Prompt)
                return (store, answer);
            Assert.True(answer.ExitCode is Cancelled or 0, answer.ToString());
            again?.Invoke();
        }

        throw new TimeoutException($"{Attempts} times it was not cancelled within {Prompt}; the last one took {took}.");
    }

    private static EngineProgram StartServing(EngineRequest request)
    {
        EngineProgram program = EngineProgram.Start(["serve"]);
        program.Input.WriteLine(ProtocolJson.Serialize(request));
        program.Input.Flush();
        return program;
    }

    private async Task<TestStore> PublishedAsync()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        (await store.PublishAsync(disk, "1")).Succeeded();
        return store;
    }
}
