using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

/// <summary>The bootstrap for real: the script in a real shell, a real transfer, a real check.</summary>
public sealed class HostInstallTests : IDisposable
{
    // The request comes back as the machine's name, so that a byte lost or gained on the way shows.
    private const string Echo = """
        name=${request#*'"name":"'}; name=${name%%'"'*}
        echo "{\"type\":\"result\",\"name\":\"$name\"}"
        """;

    private readonly TestDirectory _directory = new();

    [LinuxFact]
    public async Task The_first_use_puts_the_engine_on_the_host_and_the_second_finds_it()
    {
        var host = new FakeHost(_directory);
        LocalEngine engine = _directory.Engine(Echo);
        var observer = new RecordingObserver();
        Assert.Equal("first", await RunAsync(host, engine, "first", observer));
        ProgressEvent last = observer.Progress.Last();
        Assert.Equal(("Installing the engine on kvm01", last.BytesTotal), (last.Activity, last.BytesDone));
        string file = Assert.Single(host.Files);
        Assert.Equal(await engine.Upload.Digest + "/imagefabric", file);
        Assert.Equal(File.ReadAllBytes(engine.Path), File.ReadAllBytes(_directory["host/" + file]));

        observer = new RecordingObserver();
        DateTime written = File.GetLastWriteTimeUtc(_directory["host/" + file]);
        Assert.Equal("second", await RunAsync(host, engine, "second", observer));
        Assert.Empty(observer.Progress);
        Assert.Equal(written, File.GetLastWriteTimeUtc(_directory["host/" + file]));
    }

    [LinuxFact]
    public async Task An_engine_larger_than_every_buffer_arrives_whole_and_so_does_the_request_behind_it()
    {
        var host = new FakeHost(_directory);
        LocalEngine engine = LargeEngine();
        Assert.Equal("first", await RunAsync(host, engine, "first"));
    }

    [LinuxFact]
    public async Task Another_build_is_put_beside_the_old_one()
    {
        var host = new FakeHost(_directory);
        await RunAsync(host, _directory.Engine(Echo), "old");
        Assert.Equal("new", await RunAsync(host, _directory.Engine(Echo + "\nexit 0"), "new"));
        Assert.Equal(2, host.Files.Count());
    }

    [LinuxFact]
    public async Task Many_first_uses_at_once_all_succeed_and_leave_one_engine()
    {
        var host = new FakeHost(_directory);
        LocalEngine engine = _directory.Engine(Echo);
        string[] names = [.. Enumerable.Range(0, 8).Select(i => "vm" + i)];
        Assert.Equal(names, await Task.WhenAll(names.Select(n => RunAsync(host, engine, n))));
        Assert.Single(host.Files);
    }

    [LinuxTheory]
    [InlineData("echo Welcome to kvm01; printf 'no newline'")]
    [InlineData("i=0; while test $i -lt 900; do echo noise; i=$((i+1)); done")]
    public async Task What_the_login_prints_does_not_disturb(string noise) =>
        Assert.Equal("x", await RunAsync(new FakeHost(_directory, noise), _directory.Engine(Echo), "x"));

    [LinuxFact]
    public async Task A_byte_order_mark_before_the_upload_does_not_disturb()
    {
        // .NET Framework writes one of its own accord where the console's code page is UTF-8.
        var host = new FakeHost(_directory, wire: "printf '\\357\\273\\277'; exec cat");
        Assert.Equal("x", await RunAsync(host, _directory.Engine(Echo), "x"));
    }

    [LinuxFact("bash")]
    public async Task The_command_means_the_same_to_bash() =>
        Assert.Equal("x", await RunAsync(new FakeHost(_directory, run: "exec bash -c \"$command\""), _directory.Engine(Echo), "x"));

    [LinuxFact("zsh")]
    public async Task The_command_means_the_same_to_zsh() =>
        Assert.Equal("x", await RunAsync(new FakeHost(_directory, run: "exec zsh -c \"$command\""), _directory.Engine(Echo), "x"));

    [LinuxFact("fish")]
    public async Task The_command_means_the_same_to_fish() =>
        Assert.Equal("x", await RunAsync(new FakeHost(_directory, run: "exec fish -c \"$command\""), _directory.Engine(Echo), "x"));

    [LinuxFact("tcsh")]
    public async Task The_command_means_the_same_to_csh() =>
        Assert.Equal("x", await RunAsync(new FakeHost(_directory, run: "exec tcsh -c \"$command\""), _directory.Engine(Echo), "x"));

    [LinuxFact("busybox")]
    public async Task The_command_runs_with_busybox_tools()
    {
        Directory.CreateDirectory(_directory["busybox"]);
        using EngineProcess install = EngineProcess.Start("busybox", ["--install", "-s", _directory["busybox"]], "busybox");
        Assert.Equal(0, await install.WaitForExitAsync(default));
        var host = new FakeHost(_directory, "PATH=$HERE/busybox", "exec busybox sh -c \"$command\"");
        Assert.Equal("x", await RunAsync(host, _directory.Engine(Echo), "x"));
    }

    [LinuxFact]
    public async Task Other_logins_than_root_keep_the_engine_in_their_own_data_directory()
    {
        const string Login = "PATH=$HERE:$PATH; unset IMAGEFABRIC_ENGINE_DIRECTORY XDG_DATA_HOME; export HOME=$HERE/home";
        _directory.Script("id", "echo 1000");
        LocalEngine engine = _directory.Engine(Echo);
        await RunAsync(new FakeHost(_directory, Login), engine, "x");
        Assert.True(File.Exists(_directory[$"home/.local/share/imagefabric/engine/{await engine.Upload.Digest}/imagefabric"]));
        await RunAsync(new FakeHost(_directory, Login + "; export XDG_DATA_HOME=$HERE/data"), engine, "x");
        Assert.True(File.Exists(_directory[$"data/imagefabric/engine/{await engine.Upload.Digest}/imagefabric"]));
    }

    [LinuxTheory]
    [InlineData("000")]
    [InlineData("077")]
    public async Task Nobody_else_can_write_to_the_engine_whatever_the_umask(string umask)
    {
        var host = new FakeHost(_directory, $"umask {umask}");
        await RunAsync(host, _directory.Engine(Echo), "x");
        string file = _directory["host/" + Assert.Single(host.Files)];
        Assert.Equal("755", await OutputAsync("stat", "-c", "%a", file));
        Assert.Equal("755", await OutputAsync("stat", "-c", "%a", Path.GetDirectoryName(file)!));
    }

    [LinuxTheory]
    [InlineData("")]
    [InlineData("/imagefabric")]
    public async Task An_engine_that_others_may_have_changed_is_not_run(string what)
    {
        var host = new FakeHost(_directory);
        LocalEngine engine = _directory.Engine(Echo);
        await RunAsync(host, engine, "x");
        string path = _directory["host/" + await engine.Upload.Digest + what];
        await OutputAsync("chmod", "o+w", path);
        Assert.Equal("EngineInstallFailed", (await Assert.ThrowsAsync<FleetException>(() => RunAsync(host, engine, "x"))).Error.Id);
    }

    [LinuxFact]
    public async Task A_damaged_upload_is_not_installed()
    {
        var host = new FakeHost(_directory, wire: "exec 2>/dev/null; dd bs=1 count=60; dd bs=1 count=1 | tr '\\000-\\377' '\\001-\\377\\000'; exec cat");
        await RefusedAsync("EngineInstallFailed", host, _directory.Engine(Echo));
    }

    [LinuxFact]
    public async Task An_engine_that_is_not_the_one_it_was_called_is_not_installed()
    {
        LocalEngine engine = _directory.Engine(Echo);
        Assert.Equal(64, (await engine.Upload.Digest).Length);
        File.AppendAllText(engine.Path, "# another build by now\n");
        FleetException refused = await RefusedAsync("EngineInstallFailed", new FakeHost(_directory), engine);
        Assert.Contains("not what was sent", refused.Message);
    }

    [LinuxFact]
    public async Task A_host_that_cannot_be_written_to_is_said_so_with_its_own_words()
    {
        var host = new FakeHost(_directory, "export IMAGEFABRIC_ENGINE_DIRECTORY=/dev/null/engine");
        FleetException refused = await RefusedAsync("EngineInstallFailed", host, _directory.Engine(Echo));
        Assert.Contains("cannot make /dev/null/engine", refused.Message);
        Assert.Contains("Not a directory", refused.Message);
        Assert.Equal("kvm01", refused.Error.Target);
    }

    [LinuxFact]
    public async Task A_host_that_is_full_refuses_in_mid_upload()
    {
        var host = new FakeHost(_directory, "ulimit -f 100; trap '' XFSZ");
        FleetException refused = await RefusedAsync("EngineInstallFailed", host, LargeEngine());
        Assert.Contains("cannot write", refused.Message);
    }

    [LinuxTheory]
    [InlineData("Linux", "aarch64")]
    [InlineData("FreeBSD", "x86_64")]
    public async Task A_host_of_another_kind_is_not_supported(string system, string processor)
    {
        _directory.Script("uname", $"test \"$1\" = -s && echo {system} || echo {processor}");
        FleetException refused = await RefusedAsync("HostNotSupported", new FakeHost(_directory, "PATH=$HERE:$PATH"), _directory.Engine(Echo));
        Assert.Contains($"{system} {processor}", refused.Message);
    }

    [LinuxFact]
    public async Task An_engine_that_the_host_cannot_execute_is_not_taken_for_a_lost_connection()
    {
        var engine = new LocalEngine(_directory["engine"]);
        File.WriteAllText(engine.Path, "#!/nothing/here\n");
        var thrown = await Assert.ThrowsAsync<FleetException>(() => RunAsync(new FakeHost(_directory), engine, "x"));
        Assert.Equal("EngineInstallFailed", thrown.Error.Id);
    }

    [LinuxFact]
    public async Task A_cancelled_upload_leaves_nothing_on_the_host()
    {
        LocalEngine engine = LargeEngine();
        var host = new FakeHost(
            _directory, "command=\"echo \\$\\$ > $HERE/shell.pid; $command\"", wire: "head -c 100000; echo half > $HERE/half; exec cat 4>&1 > /dev/null");
        using var cancellation = new CancellationTokenSource();
        Task run = RunAsync(host, engine, "x", null, cancellation.Token);
        await _directory.FileAsync("half");
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await ProcessTable.EndAsync(await _directory.FileAsync("shell.pid"));
        Assert.Empty(host.Files);
    }

    [Fact]
    public void The_script_means_the_same_to_every_shell_and_holds_no_data_but_the_digest()
    {
        string digest = new('0', 64);
        string command = HostBootstrap.Command(digest);
        Assert.StartsWith("exec sh -c '", command);
        Assert.EndsWith($"' imagefabric {digest}", command);
        string script = command["exec sh -c '".Length..^$"' imagefabric {digest}".Length];
        Assert.DoesNotContain(script, c => c is '\'' or '\\' or '!' || char.IsControl(c));
    }

    [LinuxFact]
    public async Task The_Linux_engine_is_what_a_Windows_engine_puts_on_hosts()
    {
        Directory.CreateDirectory(_directory["engine/win-x64"]);
        Directory.CreateDirectory(_directory["engine/linux-x64"]);
        var engine = new LocalEngine(_directory["engine/win-x64/imagefabric.exe"]);
        Assert.Equal("EngineInstallFailed", Assert.Throws<FleetException>(() => engine.Upload).Error.Id);

        File.WriteAllText(_directory["engine/linux-x64/imagefabric"], "linux");
        engine = new LocalEngine(_directory["engine/win-x64/imagefabric.exe"]);
        Assert.Equal(_directory["engine/linux-x64/imagefabric"], engine.Upload.Path);
        Assert.Equal("caf90169eefa5f807d577486b9f795ab86ae2983c5c20806cff959117e90af18", await engine.Upload.Digest);
    }

    [Fact]
    public void A_build_that_needs_its_neighbours_is_not_put_on_hosts()
    {
        File.WriteAllText(_directory["imagefabric"], "apphost");
        File.WriteAllText(_directory["imagefabric.dll"], "program");
        Assert.Equal("EngineInstallFailed", Assert.Throws<FleetException>(() => new LocalEngine(_directory["imagefabric"]).Upload).Error.Id);
    }

    public void Dispose() => _directory.Dispose();

    // Larger than every pipe and buffer on the way, and hard to compress.
    private LocalEngine LargeEngine()
    {
        var filler = new byte[3_000_000];
        new Random(1).NextBytes(filler);
        return _directory.Engine(Echo + "\nexit 0\n# " + Convert.ToBase64String(filler));
    }

    private static async Task<string?> RunAsync(
        FakeHost host, LocalEngine engine, string name, IEngineObserver? observer = null, CancellationToken cancellationToken = default)
    {
        string? answer = null;
        await host.Engine(engine).RunAsync<VmResult>(new VmListRequest { Name = name }, r => answer = r.Name, observer, null, cancellationToken);
        return answer;
    }

    private static async Task<FleetException> RefusedAsync(string id, FakeHost host, LocalEngine engine)
    {
        var refused = await Assert.ThrowsAsync<FleetException>(() => RunAsync(host, engine, "x"));
        Assert.Equal(id, refused.Error.Id);
        Assert.Empty(host.Files);
        return refused;
    }

    private static async Task<string> OutputAsync(string program, params string[] arguments)
    {
        using EngineProcess process = EngineProcess.Start(program, arguments, program);
        string output = await process.ReadLineAsync(default) ?? "";
        Assert.Equal(0, await process.WaitForExitAsync(default));
        return output.Trim();
    }
}
