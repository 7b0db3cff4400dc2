using System.Security.Cryptography;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>A store that is a directory: this machine takes from it without SSH, others cannot.</summary>
public sealed class LocalhostTests
{
    private const long Mebi = 1 << 20;

    [EngineFact]
    public async Task Localhost_TakesFromADirectoryWithoutSsh()
    {
        using var scratch = new Scratch();
        TestStore store = TestStore.InDirectory(scratch["store"]);
        string disk = SampleDisk.Make(scratch["disk.raw"], 32 * Mebi, 8 * Mebi);
        (await store.PublishAsync(disk, "1")).Succeeded();
        // There is no ssh on this PATH.
        var environment = new Dictionary<string, string?> { ["PATH"] = scratch["nothing"] };
        string[] sync = ["sync", "disk:1", .. store.Options, "--host", "localhost", "--image-directory", scratch["host"], "--json"];

        SyncResult first = (await EngineProgram.RunAsync(sync, environment)).Result<SyncResult>();
        SyncResult second = (await EngineProgram.RunAsync(sync, environment)).Result<SyncResult>();

        Assert.Equal(PullResult.Synced, first.Status);
        Assert.InRange(first.BytesFetched, 1, 16 * Mebi);
        Assert.Equal(await DigestAsync(disk), await DigestAsync(first.Path!));
        Assert.Equal(PullResult.AlreadyPresent, second.Status);
        Assert.Equal(0, second.BytesFetched);
        Assert.Equal(first.Path, second.Path);
    }

    [EngineFact]
    public async Task A_file_of_which_no_machine_can_be_made_is_not_taken_for_one_but_seeds_it()
    {
        using var scratch = new Scratch();
        TestStore store = TestStore.InDirectory(scratch["store"]);
        string disk = SampleDisk.Make(scratch["disk.raw"], 32 * Mebi, 8 * Mebi);
        (await store.PublishAsync(disk, "1")).Succeeded();
        string[] sync = ["sync", "disk:1", .. store.Options, "--host", "localhost", "--image-directory", scratch["host"], "--json"];

        SyncResult vhdx = (await EngineProgram.RunAsync([.. sync, "--format", "vhdx"], new Dictionary<string, string?>())).Result<SyncResult>();
        SyncResult raw = (await EngineProgram.RunAsync(sync, new Dictionary<string, string?>())).Result<SyncResult>();

        Assert.Equal(".vhdx", Path.GetExtension(vhdx.Path));
        Assert.Equal(".raw", Path.GetExtension(raw.Path));
        Assert.Equal(PullResult.Synced, raw.Status);
        Assert.Equal(await DigestAsync(disk), await DigestAsync(raw.Path!));
        Assert.InRange(raw.BytesReused, Mebi, 32 * Mebi);
        Assert.InRange(raw.BytesFetched, 1, Mebi);
    }

    [EngineFact]
    public async Task A_disk_that_was_published_as_raw_although_it_is_an_image_file_can_be_checked_and_is_a_seed()
    {
        using var scratch = new Scratch();
        TestStore store = TestStore.InDirectory(scratch["store"]);
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 8 * Mebi, 8 * Mebi);
        foreach (string version in new[] { "1", "2" })
        {
            await using (FileStream file = File.OpenWrite(disk))
            {
                // What begins like a VHDX is one, unless the user says that it is raw.
                await file.WriteAsync("vhdxfile"u8.ToArray());
                file.Position = 4 * Mebi;
                await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(version));
            }

            (await store.PublishAsync(disk, version, "--source-format", "raw")).Succeeded();
        }

        string[] host = ["--host", "localhost", "--image-directory", scratch["host"], "--json"];
        SyncResult first = (await EngineProgram.RunAsync(["sync", "disk:1", .. store.Options, .. host], new Dictionary<string, string?>())).Result<SyncResult>();
        SyncResult second = (await EngineProgram.RunAsync(["sync", "disk:2", .. store.Options, .. host], new Dictionary<string, string?>())).Result<SyncResult>();

        Assert.Equal(await DigestAsync(disk), await DigestAsync(second.Path!));
        Assert.InRange(second.BytesReused, 7 * Mebi, 8 * Mebi);
        HostImageTestResult test = (await EngineProgram.RunAsync(["host", "verify", "disk:1", .. host], new Dictionary<string, string?>())).Result<HostImageTestResult>();
        Assert.True(test.Intact, test.Damage);
        Assert.NotEqual(first.Path, second.Path);
    }

    [EngineFact]
    public async Task What_an_engine_left_that_was_killed_as_it_wrote_an_index_or_a_record_goes_with_the_next_sync()
    {
        using var scratch = new Scratch();
        TestStore store = TestStore.InDirectory(scratch["store"]);
        string disk = SampleDisk.Make(scratch["disk.raw"], 8 * Mebi, 2 * Mebi);
        PublishResult published = (await store.PublishAsync(disk, "1")).Result<PublishResult>();
        string partial = Directory.CreateDirectory(Path.Combine(scratch["host"], "partial")).FullName;
        string left = Path.Combine(partial, published.ImageId["sha256:".Length..] + ".tmp");
        string[] sync = ["sync", "disk:1", .. store.Options, "--host", "localhost", "--image-directory", scratch["host"], "--json"];

        foreach (string status in new[] { PullResult.Synced, PullResult.AlreadyPresent })
        {
            await File.WriteAllBytesAsync(left, new byte[100_000]);
            foreach (string record in Directory.GetFiles(scratch["host"], "*.json", SearchOption.AllDirectories))
                File.Delete(record);
            Assert.Equal(status, (await EngineProgram.RunAsync(sync, new Dictionary<string, string?>())).Result<SyncResult>().Status);
            Assert.Empty(Directory.GetFiles(partial));
        }
    }

    private static async Task<string> DigestAsync(string path)
    {
        await using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    }
}
