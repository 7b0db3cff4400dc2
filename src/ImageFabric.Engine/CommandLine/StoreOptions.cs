using System.CommandLine;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The options that name a store.</summary>
internal sealed class StoreOptions
{
    private readonly Option<string?> store = new("--store")
    {
        Description = "A directory, or s3://bucket/prefix. Without it: IMAGEFABRIC_STORE, or else a directory of your own.",
        HelpName = "uri",
    };

    private readonly Option<string?> endpoint = new("--endpoint")
    {
        Description = "Address of the S3 service, http(s)://host[:port]. Without it: IMAGEFABRIC_ENDPOINT, or else Amazon's.",
        HelpName = "url",
    };

    private readonly Option<string?> region = new("--region") { Description = "Region of the S3 service.", HelpName = "name" };

    private readonly Option<string?> profile = new("--profile")
    {
        Description = "Profile of the AWS credential files. Without it: the standard AWS chain, beginning with AWS_ACCESS_KEY_ID.",
        HelpName = "name",
    };

    public StoreOptions(Command command)
    {
        command.Options.Add(store);
        command.Options.Add(endpoint);
        command.Options.Add(region);
        command.Options.Add(profile);
    }

    public StoreReference Read(ParseResult parsed) => new()
    {
        Uri = FullPath(parsed.GetValue(store) ?? Variable("IMAGEFABRIC_STORE")),
        Endpoint = parsed.GetValue(endpoint) ?? Variable("IMAGEFABRIC_ENDPOINT"),
        Region = parsed.GetValue(region),
        Profile = parsed.GetValue(profile),
    };

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string? FullPath(string? uri) => uri is null || uri.Contains("://", StringComparison.Ordinal) ? uri : PathArgument.Full(uri, "--store");
}
