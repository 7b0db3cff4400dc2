using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>Damage that the program finds and makes good.</summary>
public sealed class RepairTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public Task A_store_is_repaired_from_its_copy_in_a_directory() => RepairFromCopyAsync(TestStore.InDirectory(scratch["store"]));

    [TestbedFact]
    public Task A_store_is_repaired_from_its_copy_in_S3() => RepairFromCopyAsync(TestStore.InBucket());

    [EngineFact]
    public async Task A_host_that_has_the_image_gives_what_the_store_lost()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 48 * Mebi, 40 * Mebi);
        (await store.PublishAsync(disk, "1")).Succeeded();
        (await store.RunAsync("sync", "disk:1", "--host", "localhost", "--image-directory", scratch["host"])).Succeeded();
        IReadOnlyList<string> packs = await store.KeysAsync("packs/");
        await store.DamageAsync(packs[0], bytes => bytes[bytes.Length / 2] ^= 1);
        await store.DeleteAsync(packs[1]);
        await store.DeleteAsync(Assert.Single(await store.KeysAsync("indexes/")));

        // The index comes first: without it nobody knows what the packs should hold.
        string[] host = ["--host", "localhost", "--image-directory", scratch["host"]];
        RepairResult index = (await store.RunAsync("repair", ["disk:1", .. host])).Result<RepairResult>();
        IReadOnlyList<RepairResult> repaired = (await store.RunAsync("repair", ["disk:1", .. host])).Succeeded().Results<RepairResult>();

        Assert.Equal((RepairResult.Restored, "localhost"), (index.Status, index.Source));
        Assert.Equal(packs.Take(2).Order(), repaired.Select(r => r.Key).Order());
        Assert.All(repaired, r => Assert.Equal((RepairResult.Rebuilt, "localhost"), (r.Status, r.Source)));
        Assert.Null((await store.RunAsync("verify")).Result<VerifyResult>().Damaged);
        PullResult pulled = (await store.PullAsync("1", scratch["pulled.raw"])).Result<PullResult>();
        QemuImg.AssertIdentical(disk, "raw", pulled.Path, "raw");
    }

    [EngineFact]
    public async Task A_plan_changes_nothing_and_a_repair_without_help_is_refused()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        (await store.PublishAsync(SampleDisk.MakeDense(scratch["disk.raw"], 4 * Mebi, 4 * Mebi), "1")).Succeeded();
        string pack = Assert.Single(await store.KeysAsync("packs/"));
        await store.DeleteAsync(pack);

        RepairResult plan = (await store.RunAsync("repair", "--dry-run")).Result<RepairResult>();

        Assert.Equal((RepairResult.Damaged, pack, "ObjectMissing"), (plan.Status, plan.Key, plan.Damage));
        Assert.Equal(["disk:1"], plan.Images);
        Assert.Equal("InvalidRequest", (await store.RunAsync("repair")).Failure().Id);
        Assert.Equal("ObjectMissing", (await store.RunAsync("repair", "--host", "localhost", "--image-directory", scratch["empty"])).Failure().Id);
    }

    private async Task RepairFromCopyAsync(TestStore store)
    {
        TestStore copy = TestStore.InDirectory(scratch["copy"]);
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 48 * Mebi, 40 * Mebi);
        (await store.PublishAsync(disk, "1")).Succeeded();
        (await store.PublishAsync(disk, "2")).Succeeded();
        (await store.RunAsync("copy", "disk", "--to", copy.Uri)).Succeeded();
        IReadOnlyList<string> packs = await store.KeysAsync("packs/");
        await store.DamageAsync(packs[0], bytes => bytes[100] ^= 1);
        await store.DeleteAsync(packs[1]);

        EngineAnswer verified = await store.RunAsync("verify");
        Assert.Equal(1, verified.ExitCode);
        Assert.Equal(packs.Take(2).Order(), verified.Events<ErrorEvent>(EngineEvent.ErrorType).Select(e => e.Target!).Order());
        Assert.All(verified.Results<VerifyResult>(), image => Assert.Equal(packs.Take(2).Order(), image.Damaged!.Select(d => d.Key).Order()));

        IReadOnlyList<RepairResult> repaired = (await store.RunAsync("repair", "--from", copy.Uri)).Succeeded().Results<RepairResult>();

        Assert.All(repaired, r => Assert.Equal((RepairResult.Restored, copy.Uri), (r.Status, r.Source)));
        Assert.All(repaired, r => Assert.Equal(["disk:1", "disk:2"], r.Images.Order()));
        IReadOnlyList<VerifyResult> again = (await store.RunAsync("verify")).Succeeded().Results<VerifyResult>();
        Assert.All(again, image => Assert.Null(image.Damaged));

        // The second image needs the same packs, which are not read again.
        Assert.InRange(again[1].BytesFetched, 0, again[0].BytesFetched / 10);
        await store.AssertNothingTornAsync();
    }
}
