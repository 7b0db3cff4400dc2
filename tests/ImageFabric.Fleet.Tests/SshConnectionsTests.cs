using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

/// <summary>Several requests to one host log in once.</summary>
public sealed class SshConnectionsTests : IDisposable
{
    private const string Master = """
        case " $* " in *" -N "*)
          echo $$ >> $HERE/master.pid
          for a; do case $a in ControlPath=*) echo "${a#ControlPath=}" >> $HERE/sockets; : > "${a#ControlPath=}";; esac; done
          exec sleep 600;;
        esac
        """;

    private const string Answer = """echo '{"type":"result","name":"vm"}'""";

    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [LinuxFact]
    public async Task The_first_request_connects_for_itself_and_the_others_share_one_connection_that_ends_with_them()
    {
        var host = new FakeHost(_directory, Master);
        LocalEngine engine = _directory.Engine(Answer);
        string socket;
        using (var connections = new SshConnections(host.SshPath))
        {
            await RunAsync(host, engine, connections);
            Assert.False(File.Exists(_directory["sockets"]));
            await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => RunAsync(host, engine, connections)));

            socket = Assert.Single(File.ReadAllLines(_directory["sockets"]));
            string[] sessions = [.. File.ReadAllLines(_directory["calls"]).Where(call => !call.StartsWith("-N "))];
            Assert.Equal(6, sessions.Length);
            Assert.Equal(5, sessions.Count(call => call.Contains($"-o ControlMaster=no") && call.Contains($"-o ControlPath={socket} ")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, Mode(Path.GetDirectoryName(socket)!));
        }

        Assert.False(Directory.Exists(Path.GetDirectoryName(socket)));
        Assert.False(ProcessTable.IsAlive(await _directory.FileAsync("master.pid")));
    }

    [LinuxFact]
    public async Task Each_way_to_a_host_has_a_connection_of_its_own()
    {
        var host = new FakeHost(_directory, Master);
        LocalEngine engine = _directory.Engine(Answer);
        using var connections = new SshConnections(host.SshPath);
        foreach (string name in new[] { "kvm01", "root@kvm01", "kvm02", "kvm01", "root@kvm01", "kvm02", "kvm01" })
            await RunAsync(host, engine, connections, name);
        Assert.Equal(3, File.ReadAllLines(_directory["sockets"]).Length);
    }

    [LinuxFact]
    public async Task No_more_sessions_share_a_connection_than_a_server_allows()
    {
        var host = new FakeHost(_directory, Master);
        LocalEngine engine = _directory.Engine("while test ! -e $HERE/enough; do sleep 0.02; done\n" + Answer);
        using var connections = new SshConnections(host.SshPath);
        Task[] runs = [.. Enumerable.Range(0, 12).Select(_ => RunAsync(host, engine, connections))];
        while (!File.Exists(_directory["calls"]) || File.ReadAllLines(_directory["calls"]).Length < 13)
            await Task.Delay(10);
        File.WriteAllText(_directory["enough"], "");
        await Task.WhenAll(runs);
        Assert.Equal(8, File.ReadAllLines(_directory["calls"]).Count(call => call.Contains("ControlPath=") && !call.StartsWith("-N ")));
    }

    [LinuxTheory]
    [InlineData("exit 255")]
    [InlineData("exit 0")]
    public async Task A_connection_that_cannot_be_shared_keeps_no_request_from_its_own(string master)
    {
        var host = new FakeHost(_directory, $"case \" $* \" in *\" -N \"*) {master};; esac");
        LocalEngine engine = _directory.Engine(Answer);
        using var connections = new SshConnections(host.SshPath);
        for (int i = 0; i < 3; i++)
            await RunAsync(host, engine, connections);
        string[] calls = File.ReadAllLines(_directory["calls"]);
        Assert.Single(calls, call => call.StartsWith("-N "));
        Assert.Equal(3, calls.Count(call => !call.Contains("ControlPath=")));
    }

    [LinuxFact]
    public async Task A_socket_of_the_user_is_left_to_the_user()
    {
        var host = new FakeHost(_directory, Master);
        using var connections = new SshConnections(host.SshPath);
        HostAddress address = HostAddress.Parse("kvm01").With(null, null, null, new Dictionary<string, string> { ["ControlPath"] = "/mine" });
        for (int i = 0; i < 3; i++)
        {
            await new HostEngine(address, _directory.Engine(Answer), host.SshPath, connections).RunAsync<VmResult>(
                new VmListRequest(), _ => { }, null, null, default);
        }

        Assert.All(File.ReadAllLines(_directory["calls"]), call => Assert.Contains("ControlPath=/mine", call));
        Assert.False(File.Exists(_directory["sockets"]));
    }

    [LinuxFact]
    public async Task Ending_ends_a_connection_that_is_still_on_its_way()
    {
        var host = new FakeHost(_directory, "case \" $* \" in *\" -N \"*) echo $$ > $HERE/master.pid; exec sleep 600;; esac");
        LocalEngine engine = _directory.Engine(Answer);
        var connections = new SshConnections(host.SshPath);
        await RunAsync(host, engine, connections);
        Task waiting = RunAsync(host, engine, connections);
        string master = await _directory.FileAsync("master.pid");
        connections.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.False(ProcessTable.IsAlive(master));
    }

    private static UnixFileMode Mode(string path) =>
        OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);

    private static Task RunAsync(FakeHost host, LocalEngine engine, SshConnections connections, string name = "kvm01") =>
        new HostEngine(HostAddress.Parse(name), engine, host.SshPath, connections).RunAsync<VmResult>(new VmListRequest(), _ => { }, null, null, default);
}
