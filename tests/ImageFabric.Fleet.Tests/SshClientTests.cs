namespace ImageFabric.Fleet.Tests;

public sealed class SshClientTests
{
    [Fact]
    public void The_host_stands_behind_the_end_of_the_options_and_the_command_is_one_argument()
    {
        HostAddress host = HostAddress.Parse("root@kvm01:2222").With(null, null, "/keys/my key", null);
        IReadOnlyList<string> arguments = SshClient.Arguments(host, "the command", "/etc/my config");
        Assert.Equal(["-T", "-F", "/etc/my config"], arguments.Take(3));
        Assert.Equal(["-p", "2222", "-l", "root", "-i", "/keys/my key", "--", "kvm01", "the command"], arguments.Skip(arguments.Count - 9));
    }

    [Fact]
    public void An_option_of_the_user_replaces_ours_but_never_lets_ssh_ask_questions()
    {
        var options = new Dictionary<string, string> { ["stricthostkeychecking"] = "accept-new", ["BatchMode"] = "no" };
        IReadOnlyList<string> arguments = SshClient.Arguments(HostAddress.Parse("kvm01").With(null, null, null, options), "command", null);
        Assert.Contains("stricthostkeychecking=accept-new", arguments);
        Assert.DoesNotContain("StrictHostKeyChecking=yes", arguments);
        Assert.True(arguments.ToList().IndexOf("BatchMode=yes") is var ours and >= 0 && ours < arguments.ToList().IndexOf("BatchMode=no"));
    }

    [LinuxFact("ssh")]
    public async Task The_real_ssh_understands_the_arguments_as_they_are_meant()
    {
        using var directory = new TestDirectory();
        File.WriteAllText(directory["config"], "Host kvm01\n  HostName 10.0.0.7\n  BatchMode no\n  StrictHostKeyChecking no\n  ControlMaster auto\n  RemoteCommand id\n");
        var options = new Dictionary<string, string> { ["ConnectTimeout"] = "3", ["ProxyCommand"] = "nc -x \"a b\" %h %p" };
        HostAddress host = HostAddress.Parse("admin@kvm01:2222").With(null, null, null, options);
        using EngineProcess ssh = EngineProcess.Start("ssh", ["-G", .. SshClient.Arguments(host, "command", directory["config"])], "ssh");
        HashSet<string> settings = [];
        while (await ssh.ReadLineAsync(default) is { } line)
            settings.Add(line);
        await ssh.StopAsync();
        Assert.Superset(
            new HashSet<string>
            {
                "hostname 10.0.0.7", "port 2222", "user admin", "batchmode yes", "stricthostkeychecking true", "controlmaster false",
                "connecttimeout 3", "clearallforwardings yes", "requesttty false", "serveraliveinterval 15", "proxycommand nc -x \"a b\" %h %p",
            },
            settings);
    }

    [LinuxFact]
    public async Task A_missing_ssh_is_said_so()
    {
        using var directory = new TestDirectory();
        var engine = new HostEngine(HostAddress.Parse("kvm01"), directory.Engine("exit 0"), directory["no-ssh"]);
        var thrown = await Assert.ThrowsAsync<FleetException>(() => engine.RunAsync<Protocol.VmResult>(new Protocol.VmListRequest(), _ => { }, null, null, default));
        Assert.Equal("SshNotFound", thrown.Error.Id);
    }
}
