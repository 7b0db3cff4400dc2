using System.Text.RegularExpressions;
using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>The README's commands, run as they stand; only the names of places are exchanged.</summary>
[Collection(HostsCollection.Name)]
public sealed partial class ReadmeTests
{
    [HostFact]
    public async Task CommandsOfTheReadme_DoWhatItSays()
    {
        string page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"));
        string[] commands = [.. Block().Matches(page).SelectMany(b => b.Groups[1].Value.Split('\n')).Where(line => line.StartsWith("imagefabric ", StringComparison.Ordinal))];
        Assert.Equal(["publish", "sync", "vm"], commands.Select(c => c.Split(' ')[1]));
        string store = $"s3://{Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_BUCKET")}/readme-{Guid.NewGuid():N}";
        var variables = new Dictionary<string, string?> { ["IMAGEFABRIC_SSH_CONFIG"] = Testbed.SshConfig };
        string machine = $"readme-{Guid.NewGuid():N}"[..15];
        try
        {
            foreach (string command in commands)
            {
                string here = command
                    .Replace("s3://images/fabric", store, StringComparison.Ordinal)
                    .Replace("https://s3.example.org", Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT"), StringComparison.Ordinal)
                    .Replace(" ubuntu.qcow2", " " + Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_IMAGE_V1"), StringComparison.Ordinal)
                    .Replace("web01", machine, StringComparison.Ordinal)
                    // Two gigabytes are more than an emulated guest of a test needs.
                    .Replace("--memory 2G", "--memory 256M", StringComparison.Ordinal);
                (await EngineProgram.RunAsync([.. here.Split(' ')[1..], "--json"], variables)).Succeeded();
            }
        }
        finally
        {
            await EngineProgram.RunAsync(["vm", "remove", machine, "--host", "root@kvm01", "--force"], variables);
        }
    }

    [GeneratedRegex("(?ms)^```sh\n(.*?)^```")]
    private static partial Regex Block();
}
