using System.Text;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

/// <summary>Which of its two commands a host is given, and that every shell takes the one for Windows as it is.</summary>
public sealed class HostShellTests : IDisposable
{
    private const string Digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const int LongestCommandOfCmd = 8191;

    // What cmd and Windows PowerShell make of a command for a POSIX shell.
    private const string OnlyWindows = """
        case $command in
        powershell.exe*) echo IMAGEFABRIC HAVE; read -r request; name=${request#*'"name":"'}; echo "{\"type\":\"result\",\"name\":\"${name%%'"'*}\"}" ;;
        *) echo "Der Befehl exec ist entweder falsch geschrieben oder konnte nicht gefunden werden." >&2; exit 1 ;;
        esac
        """;

    private readonly TestDirectory _directory = new();

    [Fact]
    public void The_command_for_Windows_holds_nothing_that_a_shell_takes_for_anything_else_and_is_short_enough_for_cmd()
    {
        string command = WindowsBootstrap.Command(Digest);
        Assert.Matches("^[A-Za-z0-9 .+/=-]+$", command);
        Assert.InRange(command.Length, 1, LongestCommandOfCmd - "cmd.exe /c \"\"".Length);
        string script = Encoding.Unicode.GetString(Convert.FromBase64String(command[(command.LastIndexOf(' ') + 1)..]));
        Assert.StartsWith($"$digest='{Digest}'\n", script);
        Assert.DoesNotContain("$input", script);
    }

    [LinuxFact]
    public async Task A_host_whose_shell_is_of_Windows_gets_the_other_command_and_is_asked_that_first_the_next_time()
    {
        var host = new FakeHost(_directory, run: OnlyWindows);
        LocalEngine engine = Engine();
        var address = HostAddress.Parse("windows-" + Guid.NewGuid().ToString("N"));
        Assert.Equal("a", await NameAsync(host, engine, address, "a"));
        Assert.Equal("b", await NameAsync(host, engine, address, "b"));
        string[] calls = File.ReadAllLines(_directory["calls"]).Where(l => l.Contains(address.Name)).ToArray();
        Assert.Equal([false, true, true], calls.Select(c => c.Contains("powershell.exe")));
    }

    [LinuxFact]
    public async Task A_login_that_runs_no_shell_of_either_kind_is_reported_by_what_it_first_said()
    {
        var host = new FakeHost(_directory, run: "echo \"This account is not available: $command\" | cut -c 1-45; exit 1");
        var thrown = await Assert.ThrowsAsync<FleetException>(() => NameAsync(host, Engine(), HostAddress.Parse("nologin"), "x"));
        Assert.Equal("EngineInstallFailed", thrown.Error.Id);
        Assert.Contains("exit code 1", thrown.Message);
    }

    public void Dispose() => _directory.Dispose();

    private static async Task<string?> NameAsync(FakeHost host, LocalEngine engine, HostAddress address, string name)
    {
        string? answer = null;
        await new HostEngine(address, engine, host.SshPath)
            .RunAsync<VmResult>(new VmListRequest { Name = name }, r => answer = r.Name, null, null, CancellationToken.None);
        return answer;
    }

    private LocalEngine Engine()
    {
        Directory.CreateDirectory(_directory["linux-x64"]);
        Directory.CreateDirectory(_directory["win-x64"]);
        File.WriteAllText(_directory["linux-x64/imagefabric"], "#!/bin/sh\n");
        File.WriteAllText(_directory["win-x64/imagefabric.exe"], "MZ");
        return new LocalEngine(_directory["linux-x64/imagefabric"]);
    }
}
