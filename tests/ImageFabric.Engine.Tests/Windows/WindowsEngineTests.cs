using System.Diagnostics;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Windows;

/// <summary>The engine for Windows as it ships, under Wine: pulls, names and paths, and its protocol.</summary>
[Collection(WindowsCollection.Name)]
public sealed class WindowsEngineTests(WindowsPrefix windows) : IDisposable
{
    private const int Cancelled = 130;
    private const long Mebi = 1 << 20;

    private readonly Scratch scratch = new();
    private readonly string run = $"{Guid.NewGuid():N}"[..8];

    private string Store => $@"C:\store-{run}";

    private string Images => $@"C:\images-{run}";

    public void Dispose() => scratch.Dispose();

    [WindowsFact]
    public async Task An_image_is_pulled_as_VHDX_from_nothing_then_not_at_all_and_its_next_version_by_what_is_new()
    {
        string disk = SampleDisk.Make(scratch["disk.raw"], 64 * Mebi, 24 * Mebi);
        PublishResult first = await PublishAsync(disk, "app", "1");

        SyncResult cold = await SyncAsync("app:1");

        Assert.Equal((PullResult.Synced, 0L), (cold.Status, cold.BytesReused));
        Assert.Equal($@"{Images}\images\{first.ImageId["sha256:".Length..]}.vhdx", cold.Path);
        AssertIs(disk, cold.Path!);
        Assert.True(new FileInfo(windows[cold.Path!]).IsReadOnly);
        Assert.Equal(PullResult.AlreadyPresent, (await SyncAsync("app:1")).Status);

        SampleDisk.Overwrite(disk, 5 * Mebi, 300_000, seed: 2);
        PublishResult second = await PublishAsync(disk, "app", "2");
        SyncResult delta = await SyncAsync("app:2");
        Assert.InRange(delta.BytesFetched, 1, second.BytesUploaded + Mebi);
        Assert.InRange(delta.BytesReused, cold.BytesFetched / 4, long.MaxValue);
        AssertIs(disk, delta.Path!);

        HostImageTestResult[] tested = [.. (await windows.RunAsync("host", "verify", "app:*", "--image-directory", Images, "--json")).Succeeded().Results<HostImageTestResult>()];
        Assert.Equal([true, true], tested.Select(t => t.Intact));
    }

    [WindowsFact]
    public async Task A_fixed_VHDX_has_the_extension_that_Hyper_V_wants()
    {
        string disk = SampleDisk.Make(scratch["disk.raw"], 8 * Mebi, 2 * Mebi);
        await PublishAsync(disk, "app", "1");
        SyncResult synced = await SyncAsync("app:1", "--format", "vhdx-fixed");
        Assert.EndsWith(".fixed.vhdx", synced.Path);
        AssertIs(disk, synced.Path!);
        HostImageResult listed = (await windows.RunAsync("host", "images", "--image-directory", Images, "--json")).Succeeded().Results<HostImageResult>().Single();
        Assert.Equal(("vhdx-fixed", "Present", synced.Path), (listed.Format, listed.State, listed.Path));
    }

    [WindowsFact]
    public async Task A_pull_that_was_killed_goes_on_where_it_was()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 96 * Mebi, 96 * Mebi);
        PublishResult published = await PublishAsync(disk, "app", "1");
        string partial = windows[$@"{Images}\partial\{published.ImageId["sha256:".Length..]}.vhdx"];
        using (Process pull = StartSync("app:1"))
        {
            pull.StandardInput.Close();
            for (int waited = 0; Allocated(partial) < 24 * Mebi && !pull.HasExited && waited < 6000; waited++)
                await Task.Delay(10);
            Assert.False(pull.HasExited, "the pull was done before it could be killed");
            await KillEnginesAsync();
        }

        SyncResult resumed = await SyncAsync("app:1");
        Assert.Equal(PullResult.Synced, resumed.Status);
        Assert.InRange(resumed.BytesReused, 4 * Mebi, 96 * Mebi);
        AssertIs(disk, resumed.Path!);
    }

    [WindowsFact]
    public async Task Names_that_Windows_would_confuse_or_refuse_are_names_of_images_all_the_same()
    {
        string[] names = ["app", "App", "APP", "con", "nul.old", "com1", "v1."];
        string disk = SampleDisk.Make(scratch["disk.raw"], 4 * Mebi, Mebi);
        var ids = new Dictionary<string, string>();
        TestStore store = TestStore.InDirectory(windows[Store]);
        for (int i = 0; i < names.Length; i++)
        {
            SampleDisk.Overwrite(disk, 0, 5000, seed: i);
            ids[names[i]] = (await store.RunAsync("publish", disk, "--name", names[i], "--version", "LPT1")).Result<PublishResult>().ImageId;
        }

        foreach (ImageResult image in (await store.RunAsync("list")).Succeeded().Results<ImageResult>())
            Assert.Equal(PullResult.Synced, (await PullAsync(image)).Status);
        HostImageResult[] listed = [.. (await windows.RunAsync("host", "images", "--image-directory", Images, "--json")).Succeeded().Results<HostImageResult>()];
        Assert.Equal(ids.Select(i => ($"{i.Key}:LPT1", i.Value)).Order(), listed.Select(l => (l.Image, l.ImageId)).Order());
    }

    [WindowsFact]
    public async Task Paths_longer_than_260_characters_are_no_obstacle()
    {
        string disk = SampleDisk.Make(scratch["disk.raw"], 4 * Mebi, Mebi);
        await PublishAsync(disk, "app", "1");
        string images = Images + string.Concat(Enumerable.Repeat(@"\" + new string('d', 60), 4));
        EngineAnswer answer = await windows.RunAsync("sync", "app:1", "--host", "localhost", "--store", Store, "--image-directory", images, "--json");
        SyncResult synced = answer.Result<SyncResult>();
        Assert.InRange(synced.Path!.Length, 261, 1000);
        AssertIs(disk, synced.Path);
    }

    [WindowsFact]
    public async Task The_end_of_standard_input_cancels_a_pull_that_waits_for_its_grants()
    {
        using Process engine = windows.Start("serve");
        await engine.StandardInput.WriteLineAsync(ProtocolJson.Serialize(PullRequest(Images)));
        await engine.StandardInput.FlushAsync();
        Assert.Contains("\"demand\"", await engine.StandardOutput.ReadLineAsync());
        long start = Stopwatch.GetTimestamp();
        engine.StandardInput.Close();
        EngineAnswer answer = await WindowsPrefix.FinishAsync(engine);
        Assert.Equal(Cancelled, answer.ExitCode);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 10);
        Assert.Empty(Directory.EnumerateFiles(windows[$@"{Images}\images"]));
    }

    [WindowsFact]
    public async Task A_request_of_another_protocol_is_refused_in_the_protocol()
    {
        using Process engine = windows.Start("serve");
        await engine.StandardInput.WriteLineAsync("""{"protocol":999,"operation":"vm-list"}""");
        engine.StandardInput.Close();
        Assert.Equal("ProtocolMismatch", (await WindowsPrefix.FinishAsync(engine)).Failure().Id);
    }

    // As a host's engine is used, which never sees the store by its names.
    private async Task<PullResult> PullAsync(ImageResult image)
    {
        using Process engine = windows.Start("serve");
        await engine.StandardInput.WriteLineAsync(ProtocolJson.Serialize(new PullRequest { ImageDirectory = Images, Image = image }));
        await engine.StandardInput.FlushAsync();
        while (await engine.StandardOutput.ReadLineAsync() is { } line)
        {
            string type = ProtocolJson.Deserialize<EngineEvent>(line).Type;
            Assert.NotEqual(EngineEvent.ErrorType, type);
            if (type == EngineEvent.ResultType)
                return ProtocolJson.Deserialize<PullResult>(line);
            if (type != EngineEvent.DemandType)
                continue;
            string[] keys = ProtocolJson.Deserialize<DemandEvent>(line).Objects!;
            var grant = new GrantEvent { Objects = [.. keys.Select(key => new GrantedObject { Key = key, Url = $"file:///{Store.Replace('\\', '/')}/{key}" })] };
            await engine.StandardInput.WriteLineAsync(ProtocolJson.Serialize(grant));
            await engine.StandardInput.FlushAsync();
        }

        throw new EndOfStreamException(await engine.StandardError.ReadToEndAsync());
    }

    private static PullRequest PullRequest(string images) => new()
    {
        ImageDirectory = images,
        Image = new ImageResult
        {
            Name = "app", Version = "1", ImageId = "sha256:" + new string('0', 64), VirtualSize = Mebi, Index = $"indexes/00/{new string('0', 64)}", IndexSize = 100,
        },
    };

    private static long Allocated(string file) => File.Exists(file) ? FileAllocationOf(file) : 0;

    private static long FileAllocationOf(string file)
    {
        using Process stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%b", file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string blocks = stat.StandardOutput.ReadToEnd();
        stat.WaitForExit();
        return long.TryParse(blocks, out long count) ? count * 512 : 0;
    }

    // The engines of this prefix: the one that was started, and the ones that it started.
    private async Task KillEnginesAsync()
    {
        foreach (Process process in Process.GetProcesses())
        {
            using (process)
            {
                string environment = WindowsPrefix.ReadOrEmpty($"/proc/{process.Id}/environ");
                if (environment.Contains($"WINEPREFIX={Path.GetDirectoryName(windows.Drive)}", StringComparison.Ordinal)
                    && WindowsPrefix.ReadOrEmpty($"/proc/{process.Id}/cmdline").Contains("imagefabric.exe", StringComparison.Ordinal))
                {
                    process.Kill();
                    await process.WaitForExitAsync();
                }
            }
        }
    }

    private void AssertIs(string raw, string vhdx)
    {
        QemuImg.AssertIdentical(raw, "raw", windows[vhdx], "vhdx");
        Assert.Contains("No errors", QemuImg.Run("check", "-f", "vhdx", windows[vhdx]));
    }

    private async Task<PublishResult> PublishAsync(string disk, string name, string version)
    {
        Directory.CreateDirectory(windows[Store]);
        return (await TestStore.InDirectory(windows[Store]).RunAsync("publish", disk, "--name", name, "--version", version)).Result<PublishResult>();
    }

    private Process StartSync(string image, params string[] options) =>
        windows.Start(["sync", image, "--host", "localhost", "--store", Store, "--image-directory", Images, "--json", .. options]);

    private async Task<SyncResult> SyncAsync(string image, params string[] options)
    {
        using Process sync = StartSync(image, options);
        sync.StandardInput.Close();
        return (await WindowsPrefix.FinishAsync(sync)).Result<SyncResult>();
    }
}
