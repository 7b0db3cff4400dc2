using System.CommandLine;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.CommandLine;

/// <summary>The option that names what images are signed with.</summary>
internal sealed class SigningOptions
{
    private const string Password = "IMAGEFABRIC_SIGNING_PASSWORD";

    private readonly Option<string?> certificate = new("--signing-certificate")
    {
        Description = $"What the image is signed with: a PKCS #12 or PEM file with certificate and key, whose password is in {Password}; or the thumbprint of a certificate in your personal store.",
        HelpName = "file|thumbprint",
    };

    public SigningOptions(Command command) => command.Options.Add(certificate);

    /// <summary>The key, or null when none is named. A password never stands on a command line.</summary>
    public SigningKey? Read(ParseResult parsed)
    {
        if (parsed.GetValue(certificate) is not { } named)
            return null;
        bool isThumbprint = named.Length is 40 or 64 && named.All(char.IsAsciiHexDigit);
        return isThumbprint
            ? new SigningKey { Thumbprint = named }
            : new SigningKey { File = PathArgument.Full(named, "--signing-certificate"), Password = Environment.GetEnvironmentVariable(Password) is { Length: > 0 } password ? password : null };
    }
}
