using System.Diagnostics;
using System.Text.Json;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.CommandLine;

/// <summary>What scripts rely on: exit status, standard output and standard error.</summary>
public sealed class UsageTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [EngineTheory]
    [InlineData("fly")]
    [InlineData("vm")]
    [InlineData("publish")]
    [InlineData("publish disk.raw --name disk")]
    [InlineData("publish disk.raw --name disk --version 1 --compression-level high")]
    [InlineData("pull disk:1")]
    [InlineData("pull disk:1 --output a --output b")]
    [InlineData("remove")]
    [InlineData("test disk.raw --store s")]
    [InlineData("vm create web --image disk:1 --memory much")]
    public async Task Wrong_usage_exits_with_2_and_says_what_is_wrong(string commandLine)
    {
        EngineAnswer answer = await EngineProgram.RunAsync(commandLine.Split(' '));

        Assert.Equal(2, answer.ExitCode);
        Assert.Empty(answer.Output);
        Assert.NotEmpty(answer.Error);
        Assert.DoesNotContain("   at ", answer.Error);
    }

    [EngineTheory]
    [InlineData("publish DISK --name disk --version 1 --compression-level 20", "InvalidRequest")]
    [InlineData("publish DISK --name disk --version 1 --throttle 0", "InvalidRequest")]
    [InlineData("publish DISK --name disk --version latest", "InvalidRequest")]
    [InlineData("publish DISK --name a/b --version 1", "InvalidRequest")]
    [InlineData("publish DISK --name disk --version 1 --label colour", "InvalidRequest")]
    [InlineData("publish DISK --name disk --version 2 --delta-from 2", "InvalidRequest")]
    [InlineData("publish DISK --name disk --version 2 --delta-from a/b", "InvalidRequest")]
    [InlineData("publish DISK --name disk --version 2 --delta-from 3", "ImageNotFound")]
    [InlineData("publish NONE --name disk --version 1", "FileNotFound")]
    [InlineData("publish EMPTY --name disk --version 1", "FileNotFound")]
    [InlineData("test NONE", "FileNotFound")]
    [InlineData("test ", "InvalidRequest")]
    [InlineData("list --store ", "InvalidRequest")]
    [InlineData("list --store http://host/bucket", "InvalidRequest")]
    [InlineData("list --store s3:/bucket/prefix", "InvalidRequest")]
    [InlineData("list --store remote:bucket", "InvalidRequest")]
    [InlineData("list --store file:store", "InvalidRequest")]
    [InlineData("list --store gs://bucket", "InvalidRequest")]
    [InlineData("list --store s3://bucket --endpoint ", "InvalidRequest")]
    [InlineData("list --store s3://bucket --region ", "InvalidRequest")]
    [InlineData("list disk@1", "InvalidRequest")]
    [InlineData("list disk:1:2", "InvalidRequest")]
    [InlineData("verify di/*", "InvalidRequest")]
    [InlineData("remove a/*:*", "InvalidRequest")]
    [InlineData("test -", "InvalidRequest")]
    [InlineData("test ftp://host/d.img", "InvalidRequest")]
    [InlineData("test s3:/bucket/d.img", "InvalidRequest")]
    [InlineData("pull disk:1 --output -", "InvalidRequest")]
    [InlineData("list --store s3://", "InvalidRequest")]
    [InlineData("list --store NONE", "StoreNotFound")]
    [InlineData("list --store EMPTY", "StoreNotFound")]
    [InlineData("pull disk:2 --output OUT", "ImageNotFound")]
    [InlineData("pull other --output OUT", "ImageNotFound")]
    [InlineData("pull a:b:c --output OUT", "InvalidRequest")]
    [InlineData("pull disk:1 --output ", "InvalidRequest")]
    [InlineData("pull disk:1 --output OUT --seed ", "InvalidRequest")]
    [InlineData("pull disk:1 --output OUT --seed NONE", "FileNotFound")]
    [InlineData("pull disk:1 --output OUT --format floppy", "InvalidRequest")]
    [InlineData("pull disk:1 --output EMPTY --force", "OutputExists")]
    [InlineData("pull disk:1 --output NONE/out", "HostWriteFailed")]
    [InlineData("verify disk:2", "ImageNotFound")]
    [InlineData("remove disk", "InvalidRequest")]
    [InlineData("remove disk:latest", "InvalidRequest")]
    [InlineData("remove disk:2", "ImageNotFound")]
    public async Task A_failure_exits_with_1_and_its_id_stands_on_standard_error(string commandLine, string id)
    {
        TestStore store = await PublishedAsync();
        Directory.CreateDirectory(scratch["empty"]);
        string[] arguments =
        [
            .. commandLine.Split(' ').Select(word => word
                .Replace("DISK", scratch["disk.raw"], StringComparison.Ordinal)
                .Replace("EMPTY", scratch["empty"], StringComparison.Ordinal)
                .Replace("NONE", scratch["none"], StringComparison.Ordinal)
                .Replace("OUT", scratch["out"], StringComparison.Ordinal)),
        ];
        var environment = new Dictionary<string, string?> { ["IMAGEFABRIC_STORE"] = store.Uri };

        EngineAnswer text = await EngineProgram.RunAsync(arguments, environment);
        EngineAnswer json = await EngineProgram.RunAsync([.. arguments, "--json"], environment);

        Assert.True(text.ExitCode == 1, text.ToString());
        Assert.Empty(text.Output);
        Assert.Matches($"^error {id}[ :]", text.Error);
        Assert.DoesNotContain("   at ", text.Error);
        ErrorEvent error = json.Failure();
        ErrorDescription description = ErrorCatalog.Describe(id);
        Assert.Equal((id, description.Category, description.RecommendedAction), (error.Id, error.Category, error.RecommendedAction));
        Assert.Empty(json.Error);
        Assert.False(File.Exists(scratch["out"]));
    }

    [EngineFact]
    public async Task An_argument_that_begins_with_an_at_sign_is_no_file_of_arguments()
    {
        await File.WriteAllTextAsync(scratch["x"], "--help");

        EngineAnswer answer = await EngineProgram.RunAsync(["test", "@" + scratch["x"], "--json"]);

        Assert.Equal("FileNotFound", answer.Failure().Id);
    }

    [EngineFact]
    public async Task The_users_home_is_found_where_the_shell_does_not_see_the_tilde()
    {
        TestStore store = await PublishedAsync();
        Directory.Move(store.Uri, scratch["images"]);
        var environment = new Dictionary<string, string?> { ["HOME"] = scratch.Path };

        EngineAnswer listed = (await EngineProgram.RunAsync(["list", "--store=~/images", "--json"], environment)).Succeeded();

        Assert.Single(listed.Results<ImageResult>());
    }

    [EngineTheory]
    [InlineData("list DISK:1")]
    [InlineData("list Disk")]
    [InlineData("verify DISK:1")]
    [InlineData("verify Disk")]
    [InlineData("remove DISK:1")]
    public async Task The_case_of_a_name_matters_nowhere(string commandLine)
    {
        TestStore store = await PublishedAsync();

        EngineAnswer answer = (await EngineProgram.RunAsync([.. commandLine.Split(' '), .. store.Options, "--json"])).Succeeded();

        Assert.Equal("disk", JsonDocument.Parse(answer.Lines[^1]).RootElement.GetProperty("name").GetString());
        Assert.Equal(commandLine.StartsWith("remove", StringComparison.Ordinal) ? 0 : 1, (await store.RunAsync("list")).Succeeded().Results<ImageResult>().Count);
    }

    [EngineTheory]
    [InlineData("publish DISK --name disk --version 2", ">/dev/full", "OutputUnwritable")]
    [InlineData("publish DISK --name disk --version 2 --json", ">/dev/full", "OutputUnwritable")]
    [InlineData("publish DISK --name disk --version 2 --json", ">&-", "OutputUnwritable")]
    [InlineData("publish DISK --name disk --version 2", ">&-", "OutputUnwritable")]
    [InlineData("publish DISK --name disk --version 2", ">/dev/full 2>/dev/full", "")]
    [InlineData("publish DISK --name disk --version 2", ">&- 2>&-", "")]
    [InlineData("list --json", ">/dev/full", "OutputUnwritable")]
    [InlineData("list nothing:1", ">/dev/full 2>/dev/full", "")]
    public async Task Output_that_cannot_be_written_fails_with_1_and_undoes_nothing(string commandLine, string redirection, string said)
    {
        TestStore store = await PublishedAsync();
        string[] arguments = [.. commandLine.Replace("DISK", scratch["disk.raw"], StringComparison.Ordinal).Split(' '), .. store.Options];
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"\"$0\" \"$@\" {redirection}", EngineProgram.Path, .. arguments]) { RedirectStandardError = true };

        using Process shell = Process.Start(start)!;
        string error = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();

        Assert.True(shell.ExitCode == (commandLine == "list nothing:1" ? 0 : 1), $"{shell.ExitCode}: {error}");
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Equal(commandLine.StartsWith("publish", StringComparison.Ordinal) ? 2 : 1, (await store.RunAsync("list")).Succeeded().Results<ImageResult>().Count);
    }

    [EngineFact]
    public async Task Json_is_one_object_a_line_progress_never_goes_back_and_the_result_is_last()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 80 * Mebi, 64 * Mebi);
        TestStore store = TestStore.InDirectory(scratch["store"]);

        EngineAnswer published = (await store.PublishAsync(disk, "1")).Succeeded();
        EngineAnswer pulled = (await store.PullAsync("1", scratch["pulled.raw"])).Succeeded();
        EngineAnswer verified = (await store.RunAsync("verify")).Succeeded();

        foreach (EngineAnswer answer in new[] { published, pulled, verified })
        {
            foreach (string line in answer.Lines)
                Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(line).RootElement.ValueKind);
            Assert.Equal(EngineEvent.ResultType, JsonDocument.Parse(answer.Lines[^1]).RootElement.GetProperty("type").GetString());
            IReadOnlyList<ProgressEvent> progress = answer.Events<ProgressEvent>(EngineEvent.ProgressType);
            Assert.Equal(progress.Select(step => step.BytesDone).Order(), progress.Select(step => step.BytesDone));
            Assert.Equal(progress[^1].BytesTotal, progress[^1].BytesDone);
            Assert.Empty(answer.Error);
        }

        PublishResult publish = published.Result<PublishResult>();
        Assert.Equal((80 * Mebi, 64 * Mebi, 0, true), (publish.VirtualSize, publish.BytesRead, publish.BytesReused, publish.Created));
        Assert.InRange(publish.PacksUploaded, 4, 5);
        PullResult pull = pulled.Result<PullResult>();
        Assert.Equal((publish.ImageId, scratch["pulled.raw"], 0), (pull.ImageId, pull.Path, pull.BytesReused));
        Assert.InRange(pull.BytesFetched, 64 * Mebi, publish.BytesUploaded);
    }

    [EngineFact]
    public async Task Text_for_people_goes_to_standard_output_and_no_progress_into_a_pipe()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 2 * Mebi, Mebi);
        string[] store = ["--store", scratch["store"]];

        EngineAnswer published = (await EngineProgram.RunAsync(["publish", disk, "--name", "disk", "--version", "1", .. store])).Succeeded();
        EngineAnswer listed = (await EngineProgram.RunAsync(["list", .. store])).Succeeded();
        EngineAnswer pulled = (await EngineProgram.RunAsync(["pull", "disk", "--output", scratch["pulled.raw"], .. store])).Succeeded();
        EngineAnswer verified = (await EngineProgram.RunAsync(["verify", .. store])).Succeeded();
        EngineAnswer tested = (await EngineProgram.RunAsync(["test", disk])).Succeeded();

        Assert.Matches(@"^Published disk:1 \(2\.00 MiB disk, raw\) in \d+\.\d s: 1\.00 MiB read, 1\.00 MiB uploaded in 1 pack, 0 B already in the store\.\nsha256:[0-9a-f]{64}\n$", published.Output);
        Assert.Matches(@"^IMAGE .*\ndisk:1 +2\.00 MiB +1\.00 MiB +1\.00 MiB  \d{4}-\d\d-\d\d  sha256:[0-9a-f]{12}\n$", listed.Output);
        Assert.Matches(@"pulled\.raw \(raw, 2\.00 MiB disk\) in \d+\.\d s: 1\.00 MiB fetched, 0 B reused\.\n$", pulled.Output);
        Assert.Matches(@"^disk:1 is whole: \d+ chunks checked, 1\.00 MiB read in \d+\.\d s\.\n$", verified.Output);
        Assert.Contains("raw, 2.00 MiB disk, 1.00 MiB of data in a file of 2.00 MiB; sectors of 512 bytes, no partition table, nothing to boot from was found. It can be published.", tested.Output);
        Assert.All([published, listed, pulled, verified, tested], answer => Assert.Empty(answer.Error));
    }

    [EngineFact]
    public async Task Without_a_store_the_users_own_directory_is_used_and_may_be_empty()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], Mebi, Mebi);
        var environment = new Dictionary<string, string?> { ["XDG_DATA_HOME"] = scratch["data"] };

        EngineAnswer before = (await EngineProgram.RunAsync(["list", "--json"], environment)).Succeeded();
        (await EngineProgram.RunAsync(["publish", disk, "--name", "disk", "--version", "1"], environment)).Succeeded();

        Assert.Empty(before.Output);
        Assert.Single((await TestStore.InDirectory(Path.Combine(scratch["data"], "imagefabric", "store")).RunAsync("list")).Results<ImageResult>());
    }

    private async Task<TestStore> PublishedAsync()
    {
        TestStore store = TestStore.InDirectory(scratch["store"]);
        (await store.PublishAsync(SampleDisk.MakeDense(scratch["disk.raw"], Mebi, Mebi), "1")).Succeeded();
        return store;
    }
}
