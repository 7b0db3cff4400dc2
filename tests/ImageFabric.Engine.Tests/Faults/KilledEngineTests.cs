using System.Diagnostics;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;
using Xunit.Abstractions;

namespace ImageFabric.Engine.Tests.Faults;

/// <summary>kill -9 at random moments, again and again: what was done is used, and nothing half done is taken for whole.</summary>
public sealed class KilledEngineTests : IDisposable
{
    private const int Kills = 10;
    private const int KilledStatus = 128 + 9;
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();
    private readonly Random random;
    private readonly string disk;
    private TimeSpan whole;

    public KilledEngineTests(ITestOutputHelper log)
    {
        int seed = Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_SEED") is { Length: > 0 } given ? int.Parse(given, null) : Random.Shared.Next();
        log.WriteLine($"IMAGEFABRIC_TEST_SEED={seed}");
        random = new Random(seed);
        disk = SampleDisk.MakeDense(scratch["disk.raw"], 80 * Mebi, 64 * Mebi);
    }

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public Task A_publish_into_a_directory_that_is_killed_goes_on() => PublishAsync(name => TestStore.InDirectory(scratch[name]));

    [TestbedFact]
    public Task A_publish_into_an_S3_store_that_is_killed_goes_on() => PublishAsync(_ => TestStore.InBucket());

    [EngineFact]
    public Task A_pull_from_a_directory_that_is_killed_goes_on() => PullAsync(TestStore.InDirectory(scratch["store"]), "raw");

    [TestbedFact]
    public Task A_pull_from_an_S3_store_that_is_killed_goes_on() => PullAsync(TestStore.InBucket(), "qcow2");

    private async Task PublishAsync(Func<string, TestStore> makeStore)
    {
        whole = await TimeAsync(() => makeStore("timing").PublishAsync(disk, "1"));
        TestStore store = makeStore("store0");
        int kills = 0;
        for (int run = 1; kills < Kills; run++)
        {
            if (await KillAsync(store.Start("publish", disk, "--name", "disk", "--version", "1")))
                kills++;
            if (!await AssertOnlyWholeImagesAsync(store))
                continue;

            // It was done before the kill: the next one starts from nothing.
            await AssertPullGivesTheDiskAsync(store, $"run{run}");
            await store.AssertNothingTornAsync();
            store = makeStore($"store{run}");
        }

        await using (EngineProgram program = store.Start("publish", disk, "--name", "disk", "--version", "1", "--throttle", "1"))
        {
            await store.AwaitFirstPackAsync(program);
            program.Kill();
        }

        await store.AssertNothingTornAsync();
        int packsBefore = (await store.KeysAsync("packs/")).Count;
        PublishResult last = (await store.PublishAsync(disk, "1")).Result<PublishResult>();

        Assert.True(last.BytesReused > 0, $"{packsBefore} packs were there, and none was used");
        await AssertPullGivesTheDiskAsync(store, "last");
        Assert.True(await AssertOnlyWholeImagesAsync(store));
    }

    private async Task PullAsync(TestStore store, string format)
    {
        string output = scratch["pulled." + format];
        string[] arguments = ["disk:1", "--output", output, "--format", format];
        (await store.PublishAsync(disk, "1")).Succeeded();
        whole = await TimeAsync(() => store.PullAsync("1", scratch["timing"], "--format", format));
        for (int kills = 0; kills < Kills;)
        {
            if (await KillAsync(store.Start("pull", arguments)))
                kills++;
            if (File.Exists(output))
                AssertIsTheDisk(output, format);
            File.Delete(output);
        }

        await using (EngineProgram program = store.Start("pull", [.. arguments, "--bandwidth-limit", "20M"]))
        {
            await program.ReachAsync(4 * 1024 * 1024);
            program.Kill();
        }

        Assert.False(File.Exists(output));
        PullResult last = (await store.RunAsync("pull", arguments)).Result<PullResult>();

        Assert.True(last.BytesReused > 0);
        AssertIsTheDisk(output, format);
        Assert.Empty(Directory.GetFiles(scratch.Path, "*.partial"));
    }

    /// <summary>True when the kill came before the end.</summary>
    private async Task<bool> KillAsync(EngineProgram started)
    {
        await using EngineProgram program = started;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAny(Task.Delay(whole * random.NextDouble()), program.FinishedAsync());
        if (program.HasEnded)
            whole = Stopwatch.GetElapsedTime(start);
        program.Kill();
        EngineAnswer answer = await program.FinishedAsync();
        Assert.True(answer.ExitCode is KilledStatus or 0, answer.ToString());
        return answer.ExitCode == KilledStatus;
    }

    /// <summary>Whatever the store lists passes a check.</summary>
    /// <returns>True when it lists anything.</returns>
    private static async Task<bool> AssertOnlyWholeImagesAsync(TestStore store)
    {
        EngineAnswer listed = await store.RunAsync("list");
        if (listed.ExitCode != 0)
        {
            Assert.Equal("StoreNotFound", listed.Failure().Id);
            return false;
        }

        if (listed.Results<ImageResult>().Count == 0)
            return false;
        Assert.Equal(listed.Results<ImageResult>().Count, (await store.RunAsync("verify")).Succeeded().Results<VerifyResult>().Count);
        return true;
    }

    private async Task AssertPullGivesTheDiskAsync(TestStore store, string name)
    {
        string output = scratch[name];
        (await store.PullAsync("1", output)).Succeeded();
        AssertIsTheDisk(output, "raw");
        File.Delete(output);
    }

    private void AssertIsTheDisk(string file, string format)
    {
        QemuImg.AssertIdentical(disk, "raw", file, format);
        if (format == "qcow2")
            QemuImg.AssertClean(file);
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task<EngineAnswer>> run)
    {
        long start = Stopwatch.GetTimestamp();
        (await run()).Succeeded();
        return Stopwatch.GetElapsedTime(start);
    }
}
