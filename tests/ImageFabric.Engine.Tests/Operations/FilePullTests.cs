using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Operations;

public sealed class FilePullTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();
    private readonly TestStore store;

    public FilePullTests() => store = TestStore.InDirectory(scratch["store"]);

    public void Dispose() => scratch.Dispose();

    [EngineTheory]
    [InlineData("raw")]
    [InlineData("qcow2")]
    public async Task Unchanged_parts_come_from_a_seed_of_either_format(string seedFormat)
    {
        string old = SampleDisk.Make(scratch["old.raw"], 64 * Mebi, 24 * Mebi);
        string seed = old;
        if (seedFormat == "qcow2")
            QemuImg.Convert(old, "raw", seed = scratch["old.qcow2"], "-O", "qcow2", "-c");
        string changed = scratch["new.raw"];
        QemuImg.Convert(old, "raw", changed, "-O", "raw");
        SampleDisk.Overwrite(changed, 20 * Mebi, (int)Mebi, seed: 9);
        (await store.PublishAsync(changed, "2")).Succeeded();

        PullResult pulled = (await store.PullAsync("2", scratch["pulled.raw"], "--seed", seed)).Result<PullResult>();

        QemuImg.AssertIdentical(changed, "raw", pulled.Path, "raw");
        Assert.InRange(pulled.BytesFetched, Mebi / 2, 3 * Mebi);
        Assert.InRange(pulled.BytesReused, 10 * Mebi, 32 * Mebi);
    }

    [EngineFact]
    public async Task A_seed_that_has_nothing_in_common_does_no_harm()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 4 * Mebi, 3 * Mebi);
        string seed = SampleDisk.MakeDense(scratch["seed.raw"], 2 * Mebi, 2 * Mebi, seed: 2);
        (await store.PublishAsync(disk, "1")).Succeeded();

        PullResult pulled = (await store.PullAsync("1", scratch["pulled.raw"], "--seed", seed)).Result<PullResult>();

        QemuImg.AssertIdentical(disk, "raw", pulled.Path, "raw");
        Assert.Equal(0, pulled.BytesReused);
    }

    [EngineFact]
    public async Task An_existing_file_is_replaced_only_by_force()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 2 * Mebi, Mebi);
        (await store.PublishAsync(disk, "1")).Succeeded();
        string output = scratch["out.raw"];
        await File.WriteAllTextAsync(output, "mine");

        ErrorEvent refused = (await store.PullAsync("1", output)).Failure();

        Assert.Equal(("OutputExists", output), (refused.Id, refused.Target));
        Assert.Equal("mine", await File.ReadAllTextAsync(output));
        (await store.PullAsync("1", output, "--force")).Succeeded();
        QemuImg.AssertIdentical(disk, "raw", output, "raw");
    }

    [EngineFact]
    public async Task A_failed_pull_by_force_leaves_the_old_file()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 2 * Mebi, Mebi);
        (await store.PublishAsync(disk, "1")).Succeeded();
        Directory.Delete(Path.Combine(store.Uri, "packs"), recursive: true);
        string output = scratch["out.raw"];
        await File.WriteAllTextAsync(output, "mine");

        ErrorEvent refused = (await store.PullAsync("1", output, "--force")).Failure();

        Assert.Equal("ObjectMissing", refused.Id);
        Assert.Equal("mine", await File.ReadAllTextAsync(output));
    }

    [EngineFact]
    public async Task A_file_that_one_pull_is_filling_is_left_alone_by_another()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 96 * Mebi, 96 * Mebi);
        (await store.PublishAsync(disk, "1")).Succeeded();
        (await store.PublishAsync(SampleDisk.MakeDense(scratch["other.raw"], 2 * Mebi, Mebi, seed: 2), "2")).Succeeded();
        string output = scratch["out.raw"];
        await using EngineProgram first = store.Start("pull", "disk:1", "--output", output);
        await first.NextEventAsync<ProgressEvent>(EngineEvent.ProgressType);
        first.Send(Signal.Stop);
        Assert.False(File.Exists(output));

        ErrorEvent refused = (await store.PullAsync("2", output)).Failure();
        first.Send(Signal.Continue);
        (await first.FinishedAsync()).Succeeded();

        Assert.Equal(("HostWriteFailed", output + ".partial"), (refused.Id, refused.Target));
        QemuImg.AssertIdentical(disk, "raw", output, "raw");
    }

    [EngineFact]
    public async Task Pulls_into_one_file_at_the_same_moment_give_one_of_the_images_whole()
    {
        string[] disks = [SampleDisk.MakeDense(scratch["a.raw"], 32 * Mebi, 32 * Mebi, seed: 1), SampleDisk.MakeDense(scratch["b.raw"], 24 * Mebi, 24 * Mebi, seed: 2)];
        (await store.PublishAsync(disks[0], "0")).Succeeded();
        (await store.PublishAsync(disks[1], "1")).Succeeded();
        string output = scratch["out.raw"];
        for (int round = 0; round < 5; round++)
        {
            EngineAnswer[] answers = await Task.WhenAll(store.PullAsync("0", output, "--force"), store.PullAsync("1", output, "--force"));

            Assert.Contains(answers, answer => answer.ExitCode == 0);
            Assert.All(answers.Where(answer => answer.ExitCode != 0), answer => Assert.Equal("HostWriteFailed", answer.Failure().Id));
            int whole = Array.FindIndex(disks, disk => new FileInfo(disk).Length == new FileInfo(output).Length);
            answers[whole].Succeeded();
            QemuImg.AssertIdentical(disks[whole], "raw", output, "raw");
        }
    }

    [EngineFact]
    public async Task Without_a_version_the_newest_is_taken()
    {
        string first = SampleDisk.MakeDense(scratch["first.raw"], Mebi, Mebi);
        string second = SampleDisk.MakeDense(scratch["second.raw"], Mebi, Mebi, seed: 2);
        (await store.PublishAsync(first, "9")).Succeeded();
        (await store.PublishAsync(second, "10")).Succeeded();

        PullResult pulled = (await store.RunAsync("pull", "disk", "--output", scratch["pulled.raw"])).Result<PullResult>();

        QemuImg.AssertIdentical(second, "raw", pulled.Path, "raw");
    }

    [EngineFact]
    public async Task What_another_image_left_in_the_partial_file_does_not_get_into_this_one()
    {
        string disk = SampleDisk.Make(scratch["disk.raw"], 8 * Mebi, 4 * Mebi);
        (await store.PublishAsync(disk, "1")).Succeeded();
        SampleDisk.MakeDense(scratch["pulled.raw.partial"], 12 * Mebi, 12 * Mebi, seed: 3);

        PullResult pulled = (await store.PullAsync("1", scratch["pulled.raw"])).Result<PullResult>();

        QemuImg.AssertIdentical(disk, "raw", pulled.Path, "raw");
        Assert.False(File.Exists(scratch["pulled.raw.partial"]));
    }
}
