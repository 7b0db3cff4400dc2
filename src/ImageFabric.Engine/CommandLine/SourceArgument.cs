using System.CommandLine;
using ImageFabric.Disks;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The argument that names a disk image file, here or elsewhere, and the options that say how to get there.</summary>
internal sealed class SourceArgument
{
    private readonly Argument<string> file = new("file")
    {
        Description = $"The disk image: a file, https://…, or s3://bucket/key; read by ranges, not downloaded. Recognised by its content: {string.Join(", ", DiskImage.Formats)}.",
    };

    private readonly Option<string?> endpoint = new("--source-endpoint") { Description = "S3 service of an image in a bucket. Without it: as for the store.", HelpName = "url" };
    private readonly Option<string?> region = new("--source-region") { Description = "Region of that service.", HelpName = "name" };
    private readonly Option<string?> profile = new("--source-profile") { Description = "Profile of the AWS credential files for that service.", HelpName = "name" };

    public SourceArgument(Command command)
    {
        command.Arguments.Add(file);
        command.Options.Add(endpoint);
        command.Options.Add(region);
        command.Options.Add(profile);
    }

    public string Read(ParseResult parsed)
    {
        string text = parsed.GetRequiredValue(file);
        if (AddressForm.WhyNoSource(text) is { } reason)
            throw new OperationException("InvalidRequest", text, reason);
        return AddressForm.IsSourceAddress(text) ? text : PathArgument.Full(text, "The file's name");
    }

    /// <summary>The service that the options name. Null: none do.</summary>
    public StoreReference? Service(ParseResult parsed)
    {
        var service = new StoreReference { Endpoint = parsed.GetValue(endpoint), Region = parsed.GetValue(region), Profile = parsed.GetValue(profile) };
        return service is { Endpoint: null, Region: null, Profile: null } ? null : service;
    }
}
