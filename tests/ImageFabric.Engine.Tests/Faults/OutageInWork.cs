using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.Faults;

/// <summary>A publish and a pull that are stopped in the midst of their work, so that the store can be taken away from them.</summary>
internal sealed class OutageInWork : IAsyncDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();
    private readonly List<EngineProgram> programs = [];

    private OutageInWork(TestStore store) => Store = store;

    /// <summary>The store; version 1 was published before, version 2 is being published.</summary>
    public TestStore Store { get; }

    public string FirstDisk => scratch["first.raw"];

    public string SecondDisk => scratch["second.raw"];

    /// <summary>What version 1 is being pulled into.</summary>
    public string Output => scratch["pulled.raw"];

    /// <summary>Has sent its first pack.</summary>
    public EngineProgram Publish => programs[0];

    /// <summary>Has written its first chunks.</summary>
    public EngineProgram Pull => programs[1];

    /// <summary>Starts both.</summary>
    /// <param name="store">The store.</param>
    /// <param name="way">The way to it that will be shut.</param>
    public static async Task<OutageInWork> StartAsync(TestStore store, TestStore way)
    {
        var work = new OutageInWork(store);
        SampleDisk.MakeDense(work.FirstDisk, 112 * Mebi, 96 * Mebi, seed: 1);
        SampleDisk.MakeDense(work.SecondDisk, 112 * Mebi, 96 * Mebi, seed: 2);
        (await store.PublishAsync(work.FirstDisk, "1")).Succeeded();
        int packs = (await store.KeysAsync("packs/")).Count;

        EngineProgram publish = way.Start("publish", work.SecondDisk, "--name", "disk", "--version", "2", "--throttle", "1");
        work.programs.Add(publish);
        while (!publish.HasEnded && (await store.KeysAsync("packs/")).Count == packs)
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        publish.Send(Signal.Stop);

        EngineProgram pull = way.Start("pull", "disk:1", "--output", work.Output, "--bandwidth-limit", "20M");
        work.programs.Add(pull);
        await pull.ReachAsync(4 * Mebi);
        pull.Send(Signal.Stop);
        return work;
    }

    /// <summary>Lets both go on.</summary>
    public void Resume() => programs.ForEach(program => program.Send(Signal.Continue));

    /// <summary>Fails unless a file holds a disk.</summary>
    public static void AssertIs(string disk, string file) => QemuImg.AssertIdentical(disk, "raw", file, "raw");

    public async ValueTask DisposeAsync()
    {
        foreach (EngineProgram program in programs)
            await program.DisposeAsync();
        scratch.Dispose();
    }
}
