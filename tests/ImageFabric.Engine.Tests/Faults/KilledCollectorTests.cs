using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;
using Xunit.Abstractions;

namespace ImageFabric.Engine.Tests.Faults;

/// <summary>kill -9 of a store's cleaning and of publishes beside it, at random moments: what is listed stays whole, and in the end nothing is left behind.</summary>
public sealed class KilledCollectorTests : IDisposable
{
    private const int Rounds = 8;
    private const int Versions = 3;
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();
    private readonly Random random;
    private readonly TestStore store;

    public KilledCollectorTests(ITestOutputHelper log)
    {
        int seed = Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_SEED") is { Length: > 0 } given ? int.Parse(given, null) : Random.Shared.Next();
        log.WriteLine($"IMAGEFABRIC_TEST_SEED={seed}");
        random = new Random(seed);
        store = TestStore.InDirectory(scratch["store"]);
    }

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public async Task A_cleaning_that_is_killed_deletes_nothing_that_is_needed_and_the_next_one_goes_on()
    {
        string[] disks = [.. Enumerable.Range(0, Versions).Select(v => SampleDisk.MakeDense(scratch[$"disk{v}"], 24 * Mebi, 20 * Mebi, v + 1))];
        (await store.PublishAsync(disks[0], "kept")).Succeeded();
        for (int round = 0; round < Rounds; round++)
        {
            // Some come again under the content of one whose data is on its way out.
            await Task.WhenAll(
                KillAsync(store.Start("publish", disks[random.Next(1, Versions)], "--name", "disk", "--version", $"{round}")),
                KillAsync(store.Start("gc", "--grace-hours", "1")));
            await store.RunAsync("remove", "disk:?");
            await AssertWholeAsync();
            Pass(TimeSpan.FromMinutes(61));
        }

        (await store.PublishAsync(disks[1], "last")).Succeeded();
        for (int run = 0; run < 4; run++)
        {
            Pass(TimeSpan.FromMinutes(61));
            (await store.RunAsync("gc", "--grace-hours", "1")).Succeeded();
        }

        await AssertWholeAsync();
        OptimizeResult clean = (await store.RunAsync("optimize", "--what-if")).Result<OptimizeResult>();
        Assert.Equal((2, clean.StoredObjects), (clean.Images, clean.ReachableObjects));
        Assert.Empty(await store.KeysAsync("marks/"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(store.Uri, "tmp")));
        foreach ((string version, string disk) in new[] { ("kept", disks[0]), ("last", disks[1]) })
        {
            (await store.PullAsync(version, scratch[version])).Succeeded();
            Assert.True(File.ReadAllBytes(disk).AsSpan().SequenceEqual(File.ReadAllBytes(scratch[version])), $"{version} is not what was published");
        }
    }

    private async Task KillAsync(EngineProgram started)
    {
        await using EngineProgram program = started;
        await Task.WhenAny(Task.Delay(random.Next(50, 700)), program.FinishedAsync());
        program.Kill();
        await program.FinishedAsync();
    }

    private async Task AssertWholeAsync()
    {
        (await store.RunAsync("verify")).Succeeded();
        await store.AssertNothingTornAsync();
    }

    /// <summary>Makes everything in the store older.</summary>
    private void Pass(TimeSpan time)
    {
        foreach (string file in Directory.EnumerateFiles(store.Uri, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file) - time);
    }
}
