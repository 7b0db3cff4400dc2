using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Operations;

public sealed class CatalogTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();
    private readonly TestStore store;

    public CatalogTests() => store = TestStore.InDirectory(scratch["store"]);

    public void Dispose() => scratch.Dispose();

    [EngineFact]
    public async Task List_takes_wildcards_and_latest_without_regard_to_case()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], Mebi, Mebi);
        foreach (string image in new[] { "alpha:1", "alpha:2", "Alpine:1", "beta:10" })
            (await store.RunAsync("publish", disk, "--name", image.Split(':')[0], "--version", image.Split(':')[1])).Succeeded();

        Assert.Equal(["Alpine:1", "alpha:1", "alpha:2", "beta:10"], await NamesAsync());
        Assert.Equal(["alpha:1", "alpha:2"], await NamesAsync("alpha"));
        Assert.Equal(["Alpine:1", "alpha:1", "alpha:2"], await NamesAsync("AL*"));
        Assert.Equal(["Alpine:1", "alpha:1"], await NamesAsync("*:1"));
        Assert.Equal(["Alpine:1", "alpha:1", "beta:10"], await NamesAsync("*:1*"));
        Assert.Equal(["beta:10"], await NamesAsync("b?ta"));
        Assert.Equal(["Alpine:1", "alpha:2", "beta:10"], await NamesAsync("*:latest"));
        Assert.Empty(await NamesAsync("alph"));
        Assert.Equal("InvalidRequest", (await store.RunAsync("list", "[a]*")).Failure().Id);
    }

    [EngineFact]
    public async Task Labels_are_kept_and_the_first_publish_decides_them()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], Mebi, Mebi);
        (await store.PublishAsync(disk, "1", "--label", "os=debian", "--label", "formula=a=b", "--label", "empty=")).Succeeded();

        PublishResult again = (await store.PublishAsync(disk, "1", "--label", "os=other")).Result<PublishResult>();

        ImageResult listed = (await store.RunAsync("list", "disk:1")).Result<ImageResult>();
        Assert.False(again.Created);
        Assert.Equal(new Dictionary<string, string> { ["os"] = "debian", ["formula"] = "a=b", ["empty"] = "" }, listed.Labels);
    }

    [EngineFact]
    public async Task What_is_removed_can_be_published_again_without_sending_a_pack()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], Mebi, Mebi);
        (await store.PublishAsync(disk, "1")).Succeeded();
        (await store.PublishAsync(disk, "2")).Succeeded();

        ImageResult removed = (await store.RunAsync("remove", "disk:1")).Result<ImageResult>();

        Assert.Equal(("disk", "1"), (removed.Name, removed.Version));
        Assert.Equal(["disk:2"], await NamesAsync());
        Assert.Equal("ImageNotFound", (await store.PullAsync("1", scratch["pulled.raw"])).Failure().Id);
        (await store.RunAsync("verify", "disk:2")).Succeeded();
        PublishResult again = (await store.PublishAsync(disk, "1")).Result<PublishResult>();
        Assert.Equal((true, 0), (again.Created, again.PacksUploaded));
    }

    [EngineFact]
    public async Task A_published_version_never_changes()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], Mebi, Mebi);
        string other = SampleDisk.MakeDense(scratch["other.raw"], Mebi, Mebi, seed: 2);
        PublishResult first = (await store.PublishAsync(disk, "1")).Result<PublishResult>();

        ErrorEvent refused = (await store.PublishAsync(other, "1")).Failure();

        Assert.Equal(("ImageExists", "disk:1"), (refused.Id, refused.Target));
        Assert.Equal(first.ImageId, (await store.RunAsync("list")).Result<ImageResult>().ImageId);
    }

    [EngineFact]
    public async Task A_higher_compression_level_sends_less_and_gives_the_same_image()
    {
        string disk = SampleDisk.Make(scratch["disk.raw"], 32 * Mebi, 16 * Mebi);

        PublishResult fast = (await store.PublishAsync(disk, "1", "--compression-level", "1")).Result<PublishResult>();
        PublishResult small = (await TestStore.InDirectory(scratch["second"]).PublishAsync(disk, "1", "--compression-level", "19", "--throttle", "1")).Result<PublishResult>();

        Assert.Equal(fast.ImageId, small.ImageId);
        Assert.InRange(small.BytesUploaded, 1, fast.BytesUploaded - 1);
    }

    private async Task<IEnumerable<string>> NamesAsync(params string[] pattern) =>
        (await store.RunAsync("list", pattern)).Succeeded().Results<ImageResult>().Select(image => $"{image.Name}:{image.Version}");
}
