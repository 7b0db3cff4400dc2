using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>Two images, and two stores.</summary>
public sealed class ReplicaTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public async Task A_copy_to_another_directory_is_pulled_like_the_original()
    {
        TestStore source = TestStore.InDirectory(scratch["source"]);
        TestStore copy = TestStore.InDirectory(scratch["copy"]);
        await AssertCopyAsync(source, copy, ["--to", copy.Uri]);
    }

    [TestbedFact]
    public async Task A_copy_to_another_service_uses_credentials_of_its_own()
    {
        TestStore source = TestStore.InDirectory(scratch["source"]);
        TestStore copy = TestStore.InBucket();
        await File.WriteAllTextAsync(
            scratch["credentials"],
            $"[there]\naws_access_key_id = {Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID")}\naws_secret_access_key = {Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY")}\n");
        var environment = new Dictionary<string, string?>
        {
            ["AWS_ACCESS_KEY_ID"] = null, ["AWS_SECRET_ACCESS_KEY"] = null, ["AWS_SHARED_CREDENTIALS_FILE"] = scratch["credentials"],
        };
        string[] there = ["--to", copy.Uri, "--to-endpoint", Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT")!];
        await source.PublishAsync(SampleDisk.MakeDense(scratch["first.raw"], Mebi, Mebi), "0");
        Assert.Equal("CredentialsNotFound", (await EngineProgram.RunAsync(["copy", "disk:0", .. source.Options, .. there, "--json"], environment)).Failure().Id);
        (await EngineProgram.RunAsync(["copy", "disk:0", .. source.Options, .. there, "--to-profile", "there", "--json"], environment)).Succeeded();
        await AssertCopyAsync(source, copy, there);
    }

    [EngineFact]
    public async Task A_killed_copy_goes_on_and_a_wildcard_copies_all()
    {
        TestStore source = TestStore.InDirectory(scratch["source"]);
        TestStore copy = TestStore.InDirectory(scratch["copy"]);
        (await source.PublishAsync(SampleDisk.MakeDense(scratch["disk.raw"], 160 * Mebi, 150 * Mebi), "1")).Succeeded();
        (await source.PublishAsync(SampleDisk.MakeDense(scratch["other.raw"], Mebi, Mebi, seed: 2), "2")).Succeeded();
        await using (EngineProgram killed = source.Start("copy", "disk:1", "--to", copy.Uri, "--throttle", "1"))
        {
            await copy.AwaitFirstPackAsync(killed);
            killed.Kill();
            await killed.FinishedAsync();
        }

        Assert.Empty(await copy.KeysAsync("images/"));
        int there = (await copy.KeysAsync("packs/")).Count;
        IReadOnlyList<CopyResult> copied = (await source.RunAsync("copy", "d*", "--to", copy.Uri)).Succeeded().Results<CopyResult>();

        Assert.Equal(["disk:1", "disk:2"], copied.Select(one => one.Image));
        Assert.Equal(there, copied[0].PacksReused);
        await copy.AssertNothingTornAsync();
        (await copy.RunAsync("verify")).Succeeded();
    }

    [EngineFact]
    public async Task A_dry_run_says_what_is_then_sent_and_makes_nothing()
    {
        TestStore source = TestStore.InDirectory(scratch["source"]);
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 40 * Mebi, 36 * Mebi);

        PublishResult planned = (await source.PublishAsync(disk, "1", "--dry-run")).Result<PublishResult>();
        Assert.False(Directory.Exists(source.Uri));
        PublishResult published = (await source.PublishAsync(disk, "1")).Result<PublishResult>();
        Assert.True(planned.PlanOnly && planned.Created);
        Assert.Equal((published.ImageId, published.PacksUploaded, published.BytesRead, published.BytesReused), (planned.ImageId, planned.PacksUploaded, planned.BytesRead, planned.BytesReused));
        Assert.InRange(planned.BytesUploaded, published.BytesUploaded - 1000, published.BytesUploaded + 1000);
        Assert.False((await source.PublishAsync(disk, "1", "--dry-run")).Result<PublishResult>().Created);
        Assert.Equal(0, (await source.PublishAsync(disk, "2", "--dry-run")).Result<PublishResult>().PacksUploaded);

        CopyResult copy = (await source.RunAsync("copy", "disk:1", "--to", scratch["copy"], "--dry-run")).Result<CopyResult>();
        Assert.Equal((CopyResult.Planned, published.PacksUploaded), (copy.Status, copy.PacksCopied));
        Assert.False(Directory.Exists(scratch["copy"]));
    }

    [EngineFact]
    public async Task Compare_tells_what_a_host_fetches_and_reads_no_pack()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        string first = SampleDisk.MakeDense(scratch["first.raw"], 40 * Mebi, 36 * Mebi);
        File.Copy(first, scratch["second.raw"]);
        SampleDisk.Overwrite(scratch["second.raw"], 10 * Mebi, 300_000, seed: 7);
        (await store.PublishAsync(first, "1")).Succeeded();
        (await store.PublishAsync(scratch["second.raw"], "2")).Succeeded();
        PullResult pulled = (await store.PullAsync("2", scratch["pulled.raw"], "--seed", first)).Result<PullResult>();
        Directory.Move(Path.Combine(store.Uri, "packs"), scratch["away"]);

        CompareResult found = (await store.RunAsync("compare", "disk:1", "disk:2")).Result<CompareResult>();

        Assert.InRange(found.NewBytes, 300_000, 700_000);
        Assert.Equal(pulled.BytesReused, found.SharedBytes);
        Assert.InRange(pulled.BytesFetched, found.BytesToFetch - 1000, found.BytesToFetch + 400_000);
        Assert.Equal("ImageNotFound", (await store.RunAsync("compare", "disk:1", "nosuch")).Failure().Id);
    }

    private async Task AssertCopyAsync(TestStore source, TestStore copy, string[] there)
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 40 * Mebi, 36 * Mebi);
        PublishResult published = (await source.PublishAsync(disk, "1")).Result<PublishResult>();

        CopyResult copied = (await source.RunAsync("copy", ["disk:1", .. there])).Result<CopyResult>();
        CopyResult again = (await source.RunAsync("copy", ["disk:1", .. there])).Result<CopyResult>();

        Assert.Equal((CopyResult.Copied, published.ImageId, published.PacksUploaded), (copied.Status, copied.ImageId, copied.PacksCopied));
        Assert.Equal((CopyResult.AlreadyPresent, 0), (again.Status, again.BytesCopied));
        PullResult pulled = (await copy.PullAsync("1", scratch["pulled.raw"])).Result<PullResult>();
        QemuImg.AssertIdentical(disk, "raw", pulled.Path, "raw");
    }
}
