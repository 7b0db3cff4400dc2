using System.CommandLine;
using ImageFabric.Fleet;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The options that name hosts and how to reach them.</summary>
internal sealed class HostOptions
{
    private readonly Option<string[]> hosts;

    private readonly Option<string?> keyFile = new("--key-file") { Description = "Private key for SSH. Without it: what ssh_config and the agent say.", HelpName = "file" };

    private readonly Option<string[]> sshOptions = new("--ssh-option", "-o") { Description = "An option for ssh, as in ssh_config.", HelpName = "Name=Value" };

    private readonly Option<string?> imageDirectory = new("--image-directory") { Description = "Where the host keeps images and machines.", HelpName = "path" };

    public HostOptions(Command command, bool several, bool optional = false)
    {
        hosts = new Option<string[]>("--host")
        {
            Description = "[user@]host[:port], reached over SSH; localhost is this machine." + (optional ? " Several are asked one after the other." : several ? " Several are worked on at the same time." : " Without it: localhost."),
            HelpName = "host",
            Required = several && !optional,
        };
        command.Options.Add(hosts);
        command.Options.Add(keyFile);
        command.Options.Add(sshOptions);
        command.Options.Add(imageDirectory);
    }

    public string? ImageDirectory(ParseResult parsed) => parsed.GetValue(imageDirectory);

    public IReadOnlyList<HostAddress> ReadAll(ParseResult parsed)
    {
        Dictionary<string, string> options = KeyValue.Parse(parsed.GetValue(sshOptions) ?? [], "--ssh-option");
        string[] names = parsed.GetValue(hosts) is { Length: > 0 } given ? given : ["localhost"];
        return [.. names.Select(host => HostAddress.Parse(host).With(null, null, parsed.GetValue(keyFile), options))];
    }

    /// <summary>The hosts that are named; none when none is.</summary>
    public IReadOnlyList<HostAddress> ReadNamed(ParseResult parsed) => parsed.GetValue(hosts) is { Length: > 0 } ? ReadAll(parsed) : [];

    public HostAddress Read(ParseResult parsed) => ReadAll(parsed) is [var only]
        ? only
        : throw new OperationException("InvalidRequest", null, "This command works on one host at a time.");
}
