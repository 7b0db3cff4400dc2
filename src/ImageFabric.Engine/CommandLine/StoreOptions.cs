using System.CommandLine;
using ImageFabric.Engine.Host;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The options that name a store.</summary>
internal sealed class StoreOptions
{
    private readonly Option<string?> store;
    private readonly Option<string?> endpoint;
    private readonly Option<string?> region;
    private readonly Option<string?> profile;
    private readonly Option<string?> trust;

    /// <summary>Adds <c>--store</c>, <c>--endpoint</c>, <c>--region</c> and <c>--profile</c>, which environment variables may stand in for.</summary>
    public StoreOptions(Command command)
        : this(
            command,
            "--store",
            "--",
            "A directory, or s3://bucket/prefix. Without it: IMAGEFABRIC_STORE, or else a directory of your own.",
            "Address of the S3 service, http(s)://host[:port]. Without it: IMAGEFABRIC_ENDPOINT, or else Amazon's.")
    {
    }

    private StoreOptions(Command command, string name, string prefix, string description, string endpointDescription)
    {
        store = new Option<string?>(name) { Description = description, HelpName = "uri" };
        endpoint = new Option<string?>(prefix + "endpoint") { Description = endpointDescription, HelpName = "url" };
        region = new Option<string?>(prefix + "region") { Description = "Region of the S3 service.", HelpName = "name" };
        profile = new Option<string?>(prefix + "profile")
        {
            Description = "Profile of the AWS credential files. Without it: the standard AWS chain, beginning with AWS_ACCESS_KEY_ID.",
            HelpName = "name",
        };
        trust = new Option<string?>(prefix + "trust") { Description = "File with the trust policy that images of the store are held to. Without it: they need not be signed.", HelpName = "file" };
        command.Options.Add(trust);
        command.Options.Add(store);
        command.Options.Add(endpoint);
        command.Options.Add(region);
        command.Options.Add(profile);
    }

    /// <summary>Adds the options of a second store, which may be another service with other credentials: <c>--NAME</c>, <c>--NAME-endpoint</c> and so on.</summary>
    public static StoreOptions Second(Command command, string name, string description, bool required = false)
    {
        var options = new StoreOptions(command, "--" + name, $"--{name}-", description, "Address of its S3 service, http(s)://host[:port]. Without it: that of --endpoint.");
        options.store.Required = required;
        return options;
    }

    /// <summary>The store.</summary>
    public StoreReference Read(ParseResult parsed) => new()
    {
        Uri = FullPath(parsed.GetValue(store) ?? Variable("IMAGEFABRIC_STORE")),
        Endpoint = parsed.GetValue(endpoint) ?? Variable("IMAGEFABRIC_ENDPOINT"),
        Region = parsed.GetValue(region),
        Profile = parsed.GetValue(profile),
        Trust = Policy(parsed),
    };

    /// <summary>The second store; what is not said of it is as the first one has it. Null: it is not named.</summary>
    public StoreReference? ReadSecond(ParseResult parsed, StoreReference first) => parsed.GetValue(store) is not { } uri ? null : new()
    {
        Uri = FullPath(uri, store.Name),
        Endpoint = parsed.GetValue(endpoint) ?? first.Endpoint,
        Region = parsed.GetValue(region) ?? first.Region,
        Profile = parsed.GetValue(profile) ?? first.Profile,
        Trust = Policy(parsed),
    };

    private TrustSettings? Policy(ParseResult parsed) => parsed.GetValue(trust) is { } file ? TrustFile.Read(PathArgument.Full(file, trust.Name)) : null;

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string? FullPath(string? uri, string option = "--store")
    {
        if (uri is null || uri.StartsWith("s3://", StringComparison.OrdinalIgnoreCase))
            return uri;
        return AddressForm.WhyNoStore(uri) is { } reason ? throw new OperationException("InvalidRequest", uri, reason) : PathArgument.Full(uri, option);
    }
}
