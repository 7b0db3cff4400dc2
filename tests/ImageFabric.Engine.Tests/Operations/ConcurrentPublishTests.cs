using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>Publishers at the same moment, as processes of their own.</summary>
public sealed class ConcurrentPublishTests : IDisposable
{
    private const int Rounds = 5;
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public Task Of_two_contents_for_one_version_one_wins_in_a_directory() => OneWinsAsync(TestStore.InDirectory(scratch["store"]));

    [TestbedFact]
    public Task Of_two_contents_for_one_version_one_wins_in_an_S3_store() => OneWinsAsync(TestStore.InBucket());

    [EngineFact]
    public async Task Two_publishers_of_the_same_content_both_succeed_and_one_of_them_made_it()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 8 * Mebi, 8 * Mebi);
        for (int round = 0; round < Rounds; round++)
        {
            EngineAnswer[] answers = await Task.WhenAll(store.PublishAsync(disk, $"{round}"), store.PublishAsync(disk, $"{round}"));

            Assert.Single(answers, answer => answer.Result<PublishResult>().Created);
        }
    }

    private async Task OneWinsAsync(TestStore store)
    {
        string[] disks = [SampleDisk.MakeDense(scratch["a.raw"], 8 * Mebi, 8 * Mebi, seed: 1), SampleDisk.MakeDense(scratch["b.raw"], 8 * Mebi, 8 * Mebi, seed: 2)];
        for (int round = 0; round < Rounds; round++)
        {
            EngineAnswer[] answers = await Task.WhenAll(disks.Select(disk => store.PublishAsync(disk, $"{round}")));

            int winner = Array.FindIndex(answers, answer => answer.ExitCode == 0);
            ErrorEvent lost = answers[1 - winner].Failure();
            Assert.True(answers[winner].Result<PublishResult>().Created);
            Assert.Equal(("ImageExists", $"disk:{round}"), (lost.Id, lost.Target));
            PullResult pulled = (await store.PullAsync($"{round}", scratch[$"pulled{round}.raw"])).Result<PullResult>();
            QemuImg.AssertIdentical(disks[winner], "raw", pulled.Path, "raw");
        }
    }
}
