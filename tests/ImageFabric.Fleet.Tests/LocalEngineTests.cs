using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

public sealed class LocalEngineTests : IDisposable
{
    private const string ListedA = """echo '{"type":"result","name":"a","version":"1"}'""";
    private const string Missing = """echo '{"type":"error","id":"ImageNotFound","category":"ObjectNotFound","message":"No b.","target":"b","recommendedAction":"Look."}'""";

    private readonly TestDirectory _directory = new();
    private readonly RecordingObserver _observer = new();
    private readonly List<string> _results = [];

    [LinuxFact]
    public async Task Results_progress_and_log_lines_reach_their_receivers()
    {
        LocalEngine engine = _directory.Engine(
            """
            echo '{"type":"progress","activity":"Listing","bytesDone":5,"bytesTotal":10}'
            echo '{"type":"log","level":"warning","message":"slow"}'
            echo '{"type":"something-new","x":1}'
            echo '{"type":"result","name":"a","version":"1"}'
            echo '{"type":"result","name":"b","version":"2"}'
            """);
        await RunAsync(engine);
        Assert.Equal(["a:1", "b:2"], _results);
        Assert.Equal(("Listing", 5, 10L), (Assert.Single(_observer.Progress).Activity, _observer.Progress.First().BytesDone, _observer.Progress.First().BytesTotal));
        Assert.Equal("slow", _observer.Logs.First().Message);
        Assert.Contains("something-new", _observer.Logs.Last().Message);
    }

    [LinuxFact]
    public async Task The_engine_gets_serve_as_its_argument_and_the_request_as_the_first_line_without_a_byte_order_mark()
    {
        var engine = new LocalEngine(_directory.Script("engine", "echo \"$*\" > $HERE/arguments; head -n 1 > $HERE/request"));
        await engine.RunAsync<ImageResult>(new ListRequest { Image = "größe*" }, _ => { }, null, default);
        Assert.Equal("serve\n", File.ReadAllText(_directory["arguments"]));
        byte[] request = File.ReadAllBytes(_directory["request"]);
        Assert.Equal((byte)'{', request[0]);
        Assert.Equal("größe*", ProtocolJson.Deserialize<ListRequest>(System.Text.Encoding.UTF8.GetString(request)).Image);
    }

    [LinuxFact]
    public async Task A_request_much_larger_than_a_pipe_arrives_whole()
    {
        var engine = new LocalEngine(_directory.Script("engine", "head -n 1 | wc -c > $HERE/length"));
        var request = new VmCreateRequest { UserData = new byte[4_000_000] };
        await engine.RunAsync<VmResult>(request, _ => { }, null, default);
        Assert.Equal(ProtocolJson.Serialize(request).Length + 1, int.Parse(File.ReadAllText(_directory["length"])));
    }

    [LinuxFact]
    public async Task The_first_error_is_thrown_with_all_it_says_and_later_ones_become_warnings()
    {
        LocalEngine engine = _directory.Engine(
            $$"""
            {{Missing}}
            {{ListedA}}
            echo '{"type":"error","id":"StoreFull","category":"WriteError","message":"No room."}'
            exit 1
            """);
        var thrown = await Assert.ThrowsAsync<FleetException>(() => RunAsync(engine));
        Assert.Equal(
            ("ImageNotFound", "ObjectNotFound", "No b.", "b", "Look."),
            (thrown.Error.Id, thrown.Error.Category, thrown.Message, thrown.Error.Target, thrown.Error.RecommendedAction));
        Assert.Equal(["a:1"], _results);
        LogEvent later = Assert.Single(_observer.Logs);
        Assert.Equal((LogEvent.Warning, "StoreFull: No room."), (later.Level, later.Message));
    }

    [LinuxFact]
    public async Task Errors_of_single_items_go_to_their_receiver_and_are_not_thrown()
    {
        LocalEngine engine = _directory.Engine($"{Missing}\n{ListedA}\n{Missing}\nexit 1");
        List<ErrorEvent> errors = [];
        await engine.RunAsync<ImageResult>(new ListRequest(), r => _results.Add(r.Name), errors.Add, null, default);
        Assert.Equal(["b", "b"], errors.Select(e => e.Target));
        Assert.Equal(["a"], _results);
    }

    [LinuxTheory]
    [InlineData("echo first >&2; printf 'no \\033[31mmemory\\n' >&2; exit 1", "first no  [31mmemory")]
    [InlineData("exit 2", "exit code 2")]
    [InlineData("kill -9 $$", "exit code 137")]
    [InlineData("echo oops", "not a line of the protocol: oops")]
    [InlineData("echo '{\"x\":1}'", "not a line of the protocol")]
    public async Task An_engine_that_does_not_say_what_went_wrong_has_failed(string body, string words)
    {
        var thrown = await Assert.ThrowsAsync<FleetException>(() => RunAsync(_directory.Engine(body)));
        Assert.Equal(("EngineFailed", "InvalidResult"), (thrown.Error.Id, thrown.Error.Category));
        Assert.Contains(words, thrown.Message);
    }

    [LinuxFact]
    public async Task Only_the_last_of_many_diagnostics_are_told()
    {
        LocalEngine engine = _directory.Engine("i=0; while test $i -lt 5000; do echo \"line $i\" >&2; i=$((i+1)); done; exit 1");
        var thrown = await Assert.ThrowsAsync<FleetException>(() => RunAsync(engine));
        Assert.Contains("line 4996 line 4997 line 4998 line 4999", thrown.Message);
        Assert.DoesNotContain("line 4000", thrown.Message);
    }

    [LinuxFact]
    public async Task An_engine_that_demands_without_a_grant_source_has_failed()
    {
        LocalEngine engine = _directory.Engine("echo '{\"type\":\"demand\",\"objects\":[\"a\"]}'; read -r grant");
        var thrown = await Assert.ThrowsAsync<FleetException>(() => RunAsync(engine));
        Assert.Equal("EngineFailed", thrown.Error.Id);
    }

    [LinuxFact]
    public async Task A_cancelled_engine_sees_the_end_of_its_input_and_cleans_up()
    {
        LocalEngine engine = _directory.Engine("echo $$ > $HERE/pid; read -r more; echo cleaned > $HERE/cleaned; exit 130");
        await CancelAsync(engine);
        Assert.True(File.Exists(_directory["cleaned"]));
    }

    [LinuxFact]
    public async Task A_cancelled_engine_that_goes_on_talking_is_still_heard_out()
    {
        LocalEngine engine = _directory.Engine(
            """
            echo $$ > $HERE/pid; read -r more
            i=0; while test $i -lt 3000; do echo '{"type":"log","level":"verbose","message":"undoing, which takes some words to say"}'; i=$((i+1)); done
            echo cleaned > $HERE/cleaned
            """);
        await CancelAsync(engine);
        Assert.True(File.Exists(_directory["cleaned"]));
    }

    [LinuxFact]
    public async Task A_cancelled_engine_that_does_not_end_is_killed() =>
        await CancelAsync(_directory.Engine("trap '' INT TERM; echo $$ > $HERE/pid; exec sleep 600"));

    [LinuxFact]
    public async Task An_engine_that_does_not_read_a_large_request_is_killed_when_cancelled()
    {
        var engine = new LocalEngine(_directory.Script("engine", "echo $$ > $HERE/pid; exec sleep 600"));
        await CancelAsync(engine, new VmCreateRequest { UserData = new byte[1_000_000] });
    }

    [LinuxFact]
    public async Task What_a_receiver_throws_ends_the_engine_and_reaches_the_caller()
    {
        LocalEngine engine = _directory.Engine($"echo $$ > $HERE/pid; {ListedA}; exec sleep 600");
        await Assert.ThrowsAsync<InvalidCastException>(
            () => engine.RunAsync<ImageResult>(new ListRequest(), _ => throw new InvalidCastException(), null, default));
        Assert.False(ProcessTable.IsAlive(await _directory.FileAsync("pid")));
    }

    [LinuxFact]
    public async Task Nothing_starts_when_cancelled_before()
    {
        LocalEngine engine = _directory.Engine("echo started > $HERE/started");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => engine.RunAsync<ImageResult>(new ListRequest(), _ => { }, null, new CancellationToken(canceled: true)));
        Assert.False(File.Exists(_directory["started"]));
    }

    [LinuxFact]
    public async Task Many_engines_at_once_each_get_their_own_answers()
    {
        LocalEngine engine = _directory.Engine(
            """
            n=${request#*'"image":"'}; n=${n%%'"'*}
            echo "{\"type\":\"result\",\"name\":\"$n\",\"version\":\"1\"}"
            read -r end; echo $n > $HERE/$n
            """);
        string[] names = [.. Enumerable.Range(0, 24).Select(i => "image" + i)];
        using var done = new CancellationTokenSource();
        using var all = new CountdownEvent(names.Length);
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, string>();
        Task[] runs = [.. names.Select(name => engine.RunAsync<ImageResult>(new ListRequest { Image = name }, r => { seen[name] = r.Name; all.Signal(); }, null, done.Token))];
        await Task.Run(all.Wait);

        // An input that a sibling held open would never end, and the engine would have to be killed.
        done.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(runs));
        Assert.All(names, name => Assert.Equal((name, true), (seen[name], File.Exists(_directory[name]))));
    }

    [LinuxFact]
    public async Task A_program_that_lost_its_permission_to_execute_gets_it_back()
    {
        LocalEngine engine = _directory.Engine(ListedA);
        TestDirectory.SetMode(engine.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await RunAsync(engine);
        Assert.Equal(["a:1"], _results);
    }

    [LinuxFact]
    public async Task A_program_that_does_not_exist_is_named()
    {
        var thrown = await Assert.ThrowsAsync<FleetException>(() => RunAsync(new LocalEngine(_directory["nothing"])));
        Assert.Equal(("EngineNotFound", _directory["nothing"]), (thrown.Error.Id, thrown.Error.Target));
    }

    [Fact]
    public void The_engine_is_found_by_the_variable_or_beside_the_module()
    {
        string? given = Environment.GetEnvironmentVariable("IMAGEFABRIC_ENGINE");
        Environment.SetEnvironmentVariable("IMAGEFABRIC_ENGINE", null);
        string platform = OperatingSystem.IsWindows() ? "win-x64/imagefabric.exe" : "linux-x64/imagefabric";
        string inModule = Path.GetFullPath(_directory[Path.Combine("engine", platform)]);
        var thrown = Assert.Throws<FleetException>(() => LocalEngine.Find(_directory.Path));
        Assert.Equal(("EngineNotFound", inModule), (thrown.Error.Id, thrown.Error.Target));
        Assert.Equal("EngineNotFound", Assert.Throws<FleetException>(() => LocalEngine.Find(null)).Error.Id);

        Directory.CreateDirectory(Path.GetDirectoryName(inModule)!);
        File.WriteAllText(inModule, "");
        Assert.Equal(inModule, LocalEngine.Find(_directory.Path).Path);

        Environment.SetEnvironmentVariable("IMAGEFABRIC_ENGINE", _directory["other"]);
        try
        {
            // A named engine that is missing is never silently replaced by another.
            Assert.Equal(_directory["other"], Assert.Throws<FleetException>(() => LocalEngine.Find(_directory.Path)).Error.Target);
            File.WriteAllText(_directory["other"], "");
            Assert.Equal(_directory["other"], LocalEngine.Find(_directory.Path).Path);
        }
        finally
        {
            Environment.SetEnvironmentVariable("IMAGEFABRIC_ENGINE", given);
        }
    }

    public void Dispose() => _directory.Dispose();

    private Task RunAsync(LocalEngine engine) =>
        engine.RunAsync<ImageResult>(new ListRequest(), r => _results.Add($"{r.Name}:{r.Version}"), _observer, default);

    private async Task CancelAsync(LocalEngine engine, EngineRequest? request = null)
    {
        using var cancellation = new CancellationTokenSource();
        Task run = engine.RunAsync<ImageResult>(request ?? new ListRequest(), _ => { }, null, cancellation.Token);
        string pid = await _directory.FileAsync("pid");
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.False(ProcessTable.IsAlive(pid));
    }
}
