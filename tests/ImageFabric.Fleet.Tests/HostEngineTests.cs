using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

public sealed class HostEngineTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    [LinuxTheory]
    [InlineData("HostKeyUnknown", "No ED25519 host key is known for kvm01 and you have requested strict checking.\r\nHost key verification failed.")]
    [InlineData("HostKeyUnknown", "Host key verification failed.")]
    [InlineData("HostKeyChanged", "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nOffending key in /root/.ssh/known_hosts:3\r\nHost key for kvm01 has changed and you have requested strict checking.\r\nHost key verification failed.")]
    [InlineData("HostAuthenticationFailed", "root@kvm01: Permission denied (publickey,password).")]
    [InlineData("HostAuthenticationFailed", "Received disconnect from 10.0.0.7 port 22:2: Too many authentication failures\r\nDisconnected from 10.0.0.7 port 22")]
    [InlineData("HostUnreachable", "ssh: Could not resolve hostname kvm01: Name or service not known")]
    [InlineData("HostUnreachable", "ssh: connect to host kvm01 port 22: Connection refused")]
    [InlineData("HostUnreachable", "ssh: connect to host kvm01 port 22: Connection timed out")]
    [InlineData("HostUnreachable", "ssh: connect to host kvm01 port 22: No route to host")]
    [InlineData("HostUnreachable", "kex_exchange_identification: Connection closed by remote host")]
    [InlineData("HostUnreachable", "")]
    public async Task Why_ssh_did_not_get_there_is_told_from_its_words(string id, string words)
    {
        File.WriteAllText(_directory["words"], words + "\r\n");
        FleetException thrown = await ThrownAsync(new FakeHost(_directory, "cat $HERE/words >&2; exit 255"), "exit 0");
        Assert.Equal((id, "kvm01"), (thrown.Error.Id, thrown.Error.Target));
        Assert.Contains(words.Split("\r\n")[^1], thrown.Message);
        Assert.DoesNotContain(thrown.Message, char.IsControl);
    }

    [LinuxTheory]
    [InlineData("EngineInstallFailed", "echo This account is currently not available. >&2; exit 1")]
    [InlineData("HostNotSupported", "echo \"'exec' is not recognized as an internal or external command\" >&2; exit 1")]
    public async Task A_login_that_runs_no_shell_is_told_from_an_unreachable_host(string id, string login) =>
        Assert.Equal(id, (await ThrownAsync(new FakeHost(_directory, login), "exit 0")).Error.Id);

    [LinuxFact]
    public async Task A_login_that_never_stops_printing_is_refused()
    {
        FleetException thrown = await ThrownAsync(new FakeHost(_directory, "exec yes"), "exit 0");
        Assert.Equal("EngineInstallFailed", thrown.Error.Id);
        Assert.False(ProcessTable.IsAlive(await _directory.FileAsync("ssh.pid")));
    }

    [LinuxFact]
    public async Task A_connection_lost_in_mid_work_is_told_from_an_engine_that_failed()
    {
        var host = new FakeHost(_directory, run: "sh -c \"$command\"; echo 'Timeout, server kvm01 not responding.' >&2; exit 255");
        FleetException thrown = await ThrownAsync(host, """echo '{"type":"progress","activity":"Pulling","bytesDone":1}'""");
        Assert.Equal("HostUnreachable", thrown.Error.Id);
        Assert.Contains("not responding", thrown.Message);
    }

    [LinuxFact]
    public async Task A_connection_lost_in_mid_upload_is_an_unreachable_host()
    {
        var host = new FakeHost(_directory, run: "echo; echo IMAGEFABRIC NEED; echo 'Connection reset by peer' >&2; exit 255");
        Assert.Equal("HostUnreachable", (await ThrownAsync(host, "exit 0")).Error.Id);
    }

    [LinuxFact]
    public async Task An_engine_that_ends_without_a_word_has_failed()
    {
        FleetException thrown = await ThrownAsync(new FakeHost(_directory), "echo out of memory >&2; exit 3");
        Assert.Equal(("EngineFailed", "kvm01"), (thrown.Error.Id, thrown.Error.Target));
        Assert.Contains("out of memory", thrown.Message);
    }

    [LinuxFact]
    public async Task What_the_engine_says_went_wrong_is_thrown_as_it_said_it()
    {
        FleetException thrown = await ThrownAsync(
            new FakeHost(_directory), """echo '{"type":"error","id":"HostDiskFull","category":"WriteError","message":"No room.","target":"/var"}'; exit 1""");
        Assert.Equal(("HostDiskFull", "/var", "No room."), (thrown.Error.Id, thrown.Error.Target, thrown.Message));
    }

    [LinuxFact]
    public async Task Demands_are_answered_on_the_engines_input()
    {
        LocalEngine engine = _directory.Engine(
            """
            echo '{"type":"demand","objects":["packs/aa","packs/bb"]}'; read -r grant; echo "$grant" > $HERE/grant
            echo '{"type":"result","imageId":"sha256:1","status":"Synced","bytesFetched":7}'
            """);
        PullResult? result = null;
        await new FakeHost(_directory).Engine(engine).RunAsync<PullResult>(new PullRequest(), r => result = r, null, new Grants(), default);
        Assert.Equal(7, result!.BytesFetched);
        GrantEvent grant = ProtocolJson.Deserialize<GrantEvent>(await _directory.FileAsync("grant"));
        Assert.Equal(["packs/aa=http://store/packs/aa", "packs/bb=http://store/packs/bb"], grant.Objects.Select(o => $"{o.Key}={o.Url}"));
    }

    [LinuxFact]
    public async Task Only_a_few_demands_are_answered_at_the_same_time_while_other_lines_go_on()
    {
        LocalEngine engine = _directory.Engine(
            """
            i=0; while test $i -lt 20; do echo "{\"type\":\"demand\",\"objects\":[\"$i\"]}"; i=$((i+1)); done
            while test $i -gt 0; do read -r grant; i=$((i-1)); done
            """);
        var grants = new Grants(holdUntil: 4);
        await new FakeHost(_directory).Engine(engine).RunAsync<PullResult>(new PullRequest(), _ => { }, null, grants, default);
        Assert.Equal(4, grants.MostAtOnce);
        Assert.Equal(20, grants.Answered);
    }

    [LinuxFact]
    public async Task A_demand_that_cannot_be_granted_ends_the_pull_with_that_error()
    {
        LocalEngine engine = _directory.Engine("echo '{\"type\":\"demand\",\"objects\":[\"a\"]}'; read -r grant; exit 130");
        var grants = new Grants(failure: new FleetException("ObjectMissing", "a", "It is gone."));
        var thrown = await Assert.ThrowsAsync<FleetException>(
            () => new FakeHost(_directory).Engine(engine).RunAsync<PullResult>(new PullRequest(), _ => { }, null, grants, default));
        Assert.Equal(("ObjectMissing", "a"), (thrown.Error.Id, thrown.Error.Target));
        Assert.False(ProcessTable.IsAlive(await _directory.FileAsync("ssh.pid")));
    }

    [LinuxFact]
    public async Task A_cancelled_host_engine_sees_the_end_of_its_input_and_ssh_ends()
    {
        await CancelAsync(new FakeHost(_directory), "echo $$ > $HERE/pid; read -r more; echo cleaned > $HERE/cleaned; exit 130");
        Assert.True(File.Exists(_directory["cleaned"]));
        await ProcessTable.EndAsync(await _directory.FileAsync("pid"));
    }

    [LinuxFact]
    public async Task An_ssh_that_does_not_end_is_killed_when_cancelled() =>
        await CancelAsync(new FakeHost(_directory, run: "echo x > $HERE/pid; trap '' INT TERM; exec sleep 600"), "exit 0");

    [LinuxFact]
    public async Task Localhost_is_worked_on_without_ssh()
    {
        LocalEngine engine = _directory.Engine("""echo '{"type":"result","name":"vm"}'""");
        var host = new FakeHost(_directory);
        List<string> names = [];
        await new HostEngine(HostAddress.Parse("localhost"), engine, host.SshPath).RunAsync<VmResult>(new VmListRequest(), r => names.Add(r.Name), null, null, default);
        Assert.Equal(["vm"], names);
        Assert.False(File.Exists(_directory["calls"]));
    }

    [LinuxFact]
    public async Task One_request_takes_one_connection()
    {
        var host = new FakeHost(_directory);
        await host.Engine(_directory.Engine("exit 0")).RunAsync<VmResult>(new VmListRequest(), _ => { }, null, null, default);
        Assert.Single(File.ReadAllLines(_directory["calls"]));
    }

    public void Dispose() => _directory.Dispose();

    private async Task<FleetException> ThrownAsync(FakeHost host, string engine) =>
        await Assert.ThrowsAsync<FleetException>(
            () => host.Engine(_directory.Engine(engine)).RunAsync<VmResult>(new VmListRequest(), _ => { }, null, null, default));

    private async Task CancelAsync(FakeHost host, string engine)
    {
        using var cancellation = new CancellationTokenSource();
        Task run = host.Engine(_directory.Engine(engine)).RunAsync<VmResult>(new VmListRequest(), _ => { }, null, null, cancellation.Token);
        await _directory.FileAsync("pid");
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.False(ProcessTable.IsAlive(await _directory.FileAsync("ssh.pid")));
    }

    /// <param name="holdUntil">Answers nothing before so many have asked at once.</param>
    /// <param name="failure">What to answer instead.</param>
    private sealed class Grants(int holdUntil = 1, FleetException? failure = null) : IGrantSource
    {
        private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();
        private int _now;

        public int MostAtOnce { get; private set; }

        public int Answered { get; private set; }

        public async Task<GrantEvent> GrantAsync(DemandEvent demand, CancellationToken cancellationToken)
        {
            if (demand.Objects.Any(key => key.StartsWith("engines/", StringComparison.Ordinal)))
                throw new FleetException("StoreAccessDenied", "store", "The store is read only.");
            if (failure is not null)
                throw failure;
            lock (_gate)
            {
                MostAtOnce = Math.Max(MostAtOnce, ++_now);
                if (_now >= holdUntil)
                    _enough.TrySetResult();
            }

            await _enough.Task.WaitAsync(cancellationToken);
            await Task.Delay(5, cancellationToken);
            lock (_gate)
            {
                _now--;
                Answered++;
            }

            return new GrantEvent { Objects = [.. demand.Objects.Select(o => new GrantedObject { Key = o, Url = "http://store/" + o })] };
        }
    }
}
