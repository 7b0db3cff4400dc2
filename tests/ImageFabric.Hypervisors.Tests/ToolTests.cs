using ImageFabric.Hypervisors.Tools;

namespace ImageFabric.Hypervisors.Tests;

public sealed class ToolTests
{
    [ToolFact("bash")]
    public async Task A_program_in_the_current_folder_or_in_a_relative_folder_of_PATH_is_never_started()
    {
        using var directory = new TemporaryDirectory();
        const string Name = "imagefabric-test-tool";
        string script = directory.File(Name);
        await File.WriteAllTextAsync(script, "#!/bin/sh\necho ran\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string current = Environment.CurrentDirectory, path = Environment.GetEnvironmentVariable("PATH")!;
        try
        {
            Environment.CurrentDirectory = Path.GetDirectoryName(script)!;
            Environment.SetEnvironmentVariable("PATH", $".:{path}::");
            HypervisorException e = await Assert.ThrowsAsync<HypervisorException>(() => new ExternalTool(Name, "").RunAsync([], "", TimeSpan.Zero, CancellationToken.None));
            Assert.Equal("HypervisorUnavailable", e.Id);
            Environment.SetEnvironmentVariable("PATH", $"{path}:{Path.GetDirectoryName(script)}");
            Assert.Equal("ran\n", (await new ExternalTool(Name, "").RunAsync([], "", TimeSpan.Zero, CancellationToken.None)).Output);
        }
        finally
        {
            Environment.CurrentDirectory = current;
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }

    [ToolFact("bash")]
    public async Task Arguments_reach_the_program_as_they_are()
    {
        string[] awkward = ["a b", "$HOME", "`id`", "\"'\\", "*", "", "é\n"];
        ToolOutput output = await Bash().RunAsync(["-c", "printf '<%s>' \"$@\"", "bash", .. awkward], "", TimeSpan.Zero, CancellationToken.None);
        Assert.Equal(string.Concat(awkward.Select(a => $"<{a}>")), output.Output);
    }

    [ToolFact("bash")]
    public async Task Much_on_both_outputs_is_read_while_the_input_is_fed()
    {
        string input = new('x', 1 << 20);
        ToolOutput output = await Bash().RunAsync(["-c", "cat; head -c 1000000 /dev/zero | tr '\\0' y >&2; exit 3"], input, TimeSpan.Zero, CancellationToken.None);
        Assert.Equal((3, input.Length, 1000000), (output.ExitCode, output.Output.Length, output.Error.Length));
    }

    [ToolFact("bash")]
    public async Task A_program_that_does_not_read_its_input_is_no_failure()
    {
        ToolOutput output = await Bash().RunAsync(["-c", "exec <&-; echo done"], new string('x', 1 << 20), TimeSpan.Zero, CancellationToken.None);
        Assert.Equal((0, "done\n"), (output.ExitCode, output.Output));
    }

    [ToolFact("bash")]
    public async Task Messages_are_not_translated()
    {
        ToolOutput output = await Bash().RunAsync(["-c", "echo $LC_ALL-$LANGUAGE"], "", TimeSpan.Zero, CancellationToken.None);
        Assert.Equal("C-\n", output.Output);
    }

    [ToolFact("bash")]
    public async Task A_cancelled_program_is_killed_with_its_children()
    {
        using var directory = new TemporaryDirectory();
        string pids = directory.File("pids");
        using var cancel = new CancellationTokenSource();
        Task<ToolOutput> run = Bash().RunAsync(["-c", $"sleep 600 & echo $! $$ >{pids}.new; mv {pids}.new {pids}; wait"], "", TimeSpan.Zero, cancel.Token);
        while (!File.Exists(pids) && !run.IsCompleted)
            await Task.Delay(5);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        foreach (string pid in File.ReadAllText(pids).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
            Assert.True(await EndsAsync(pid), $"process {pid} is still there");
    }

    [ToolFact("bash")]
    public async Task Within_its_grace_a_cancelled_program_comes_to_its_end()
    {
        using var directory = new TemporaryDirectory();
        string begun = directory.File("begun"), finished = directory.File("finished");
        using var cancel = new CancellationTokenSource();
        Task<ToolOutput> run = Bash().RunAsync(["-c", $"> {begun}; sleep 0.2; > {finished}"], "", TimeSpan.FromMinutes(1), cancel.Token);
        while (!File.Exists(begun) && !run.IsCompleted)
            await Task.Delay(5);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.True(File.Exists(finished));
    }

    [Fact]
    public void A_complaint_is_the_tools_own_words_in_one_line()
    {
        Assert.Equal("Failed to start domain 'x': no emulator", new ToolOutput(1, "", "error: Failed to start domain 'x'\nerror: no emulator\n\n").Complaint("error: "));
        Assert.Equal("it ended with status 7 and said nothing", new ToolOutput(7, "", "\n").Complaint("error: "));
    }

    private static ExternalTool Bash() => new("bash", "bash");

    private static async Task<bool> EndsAsync(string pid)
    {
        for (int i = 0; i < 500; i++)
        {
            if (!Directory.Exists($"/proc/{pid}") || File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal))
                return true;
            await Task.Delay(20);
        }
        return false;
    }
}
