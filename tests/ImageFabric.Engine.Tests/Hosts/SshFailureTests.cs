using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Hosts that cannot be reached as they should: each fails alone, and says why.</summary>
[Collection(HostsCollection.Name)]
public sealed class SshFailureTests(PublishedImages images)
{
    [HostFact]
    public async Task HostsThatCannotBeReached_FailEachForItself()
    {
        PublishedImage image = await images.First;
        using var scratch = new Scratch();
        await using var directory = new HostDirectory(images.Store);
        string config = await WriteConfigAsync(scratch);
        string[] hosts = ["stranger", "impostor", "locked", "silent", "no-such-name.invalid", Testbed.Hosts[0].Name, Testbed.Hosts[1].Name];

        EngineAnswer answer = await directory.SyncAsync(image.Name, hosts, environment: new Dictionary<string, string?> { ["IMAGEFABRIC_SSH_CONFIG"] = config });

        Assert.Equal(1, answer.ExitCode);
        Dictionary<string, ErrorEvent> errors = answer.Events<ErrorEvent>(EngineEvent.ErrorType).ToDictionary(e => e.Target!);
        Assert.Equal("HostKeyUnknown", errors["stranger"].Id);
        Assert.Equal("HostKeyChanged", errors["impostor"].Id);
        Assert.Equal("HostAuthenticationFailed", errors["locked"].Id);
        Assert.Equal("HostUnreachable", errors["silent"].Id);
        Assert.Equal("HostUnreachable", errors["no-such-name.invalid"].Id);
        Assert.Equal(5, errors.Count);
        Assert.All(errors.Values, e => Assert.NotEmpty(e.RecommendedAction!));
        Dictionary<string, string> states = answer.Results<SyncResult>().ToDictionary(r => r.Host, r => r.Status);
        Assert.Equal(hosts.Order(), states.Keys.Order());
        Assert.All(hosts[..5], host => Assert.Equal("Failed", states[host]));
        Assert.All(hosts[5..], host => Assert.Equal(PullResult.Synced, states[host]));
        Assert.False(File.Exists(scratch["nobody"]), "The unknown key was taken over.");
    }

    private static async Task<string> WriteConfigAsync(Scratch scratch)
    {
        await Tool.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", scratch["other-key"]);
        string[] words = (await File.ReadAllTextAsync(scratch["other-key.pub"])).Split(' ');
        await File.WriteAllTextAsync(scratch["changed"], $"{Testbed.Hosts[1].Address} {words[0]} {words[1]}\n");
        string config = scratch["config"];
        await File.WriteAllTextAsync(config, $"""
            Host stranger
                HostName {Testbed.Hosts[2].Address}
                UserKnownHostsFile {scratch["nobody"]}
            Host impostor
                HostName {Testbed.Hosts[1].Address}
                UserKnownHostsFile {scratch["changed"]}
            Host locked
                HostName {Testbed.Hosts[0].Address}
                IdentityFile {scratch["other-key"]}
            Host silent
                HostName {Testbed.Hosts[0].Address}
                Port 9
            Host {Testbed.Hosts[0].Name}
                HostName {Testbed.Hosts[0].Address}
            Host {Testbed.Hosts[1].Name}
                HostName {Testbed.Hosts[1].Address}
            Host * !locked
                IdentityFile {Testbed.SshKey}
            Host *
                User root
                IdentitiesOnly yes
                UserKnownHostsFile {Testbed.KnownHosts}
                GlobalKnownHostsFile /dev/null

            """);
        return config;
    }
}
