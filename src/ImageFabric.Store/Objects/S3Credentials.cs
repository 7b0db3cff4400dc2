using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;

namespace ImageFabric.Store.Objects;

/// <summary>Finds the credentials of a location: its own keys, its profile, or the standard AWS chain.</summary>
internal static class S3Credentials
{
    /// <summary>Finds them, or says that there are none.</summary>
    /// <param name="location">Where the store is.</param>
    /// <param name="ownEndpoint">True when the service is not Amazon's: then the machine's metadata service, which could only know Amazon's credentials and may take seconds to be found absent, is not asked.</param>
    /// <exception cref="StoreException"><c>CredentialsNotFound</c>.</exception>
    public static AWSCredentials Find(ObjectStoreLocation location, bool ownEndpoint)
    {
        if (location.AccessKey is { Length: > 0 } accessKey)
        {
            return location.SecretKey is { Length: > 0 } secretKey
                ? new BasicAWSCredentials(Clean(location, "The access key", accessKey), Clean(location, "The secret key", secretKey))
                : throw NotFound(location, "There is an access key without its secret key.");
        }

        try
        {
            if (location.Profile is { Length: > 0 } profile)
                return FromProfile(location, profile) ?? throw NotFound(location, $"There is no profile {profile} in the AWS credential files.");
            return ownEndpoint
                ? FromSurroundings(location) ?? throw NotFound(location, "The AWS chain has no credentials: neither environment variables nor a profile.")
                : FromAmazon(location);
        }
        catch (Exception error) when (error is AmazonClientException or InvalidOperationException or ArgumentException)
        {
            throw NotFound(location, error.Message, error);
        }
    }

    private static AWSCredentials FromAmazon(ObjectStoreLocation location)
    {
        if (FromVariables(location) is { } set)
            return set;
        if (IsSet("AWS_WEB_IDENTITY_TOKEN_FILE"))
            throw NotTaken(location, "AWS_WEB_IDENTITY_TOKEN_FILE names a web identity", "");
        if (FromProfile(location, NamedProfile) is { } found)
            return found;
        try
        {
            return DefaultAWSCredentialsIdentityResolver.GetCredentials();
        }
        catch (AmazonClientException error)
        {
            // Its message is a list of every place it looked in, line by line.
            throw NotFound(location, "The AWS chain has no credentials.", error);
        }
    }

    /// <summary>The chain in its documented order, without the metadata service of EC2.</summary>
    private static AWSCredentials? FromSurroundings(ObjectStoreLocation location)
    {
        if ((FromVariables(location) ?? FromProfile(location, NamedProfile)) is { } found)
            return found;
        return IsSet("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || IsSet("AWS_CONTAINER_CREDENTIALS_FULL_URI") ? new GenericContainerCredentials() : null;
    }

    private static string NamedProfile => Environment.GetEnvironmentVariable("AWS_PROFILE") is { Length: > 0 } named ? named : "default";

    // Read here, since secrets from files often end with a line break, which the client would send.
    private static AWSCredentials? FromVariables(ObjectStoreLocation location)
    {
        if (Variable(location, EnvironmentVariablesAWSCredentials.ENVIRONMENT_VARIABLE_ACCESSKEY) is not { } key ||
            Variable(location, EnvironmentVariablesAWSCredentials.ENVIRONMENT_VARIABLE_SECRETKEY) is not { } secret)
            return null;
        return Variable(location, EnvironmentVariablesAWSCredentials.ENVIRONMENT_VARIABLE_SESSION_TOKEN) is { } token
            ? new SessionAWSCredentials(key, secret, token)
            : new BasicAWSCredentials(key, secret);
    }

    private static string? Variable(ObjectStoreLocation location, string name) =>
        Environment.GetEnvironmentVariable(name) is { } value && !string.IsNullOrWhiteSpace(value) ? Clean(location, name, value) : null;

    private static string Clean(ObjectStoreLocation location, string what, string value)
    {
        string trimmed = value.Trim();
        return trimmed.Any(static c => char.IsWhiteSpace(c) || char.IsControl(c))
            ? throw NotFound(location, $"{what} has a blank or a line break in it.")
            : trimmed;
    }

    private static AWSCredentials? FromProfile(ObjectStoreLocation location, string profile)
    {
        var files = new CredentialProfileStoreChain();
        if (!files.TryGetProfile(profile, out CredentialProfile found))
            return null;

        // These need further services of Amazon's, which the engine does not speak with.
        CredentialProfileOptions options = found.Options;
        string kind = options switch
        {
            { WebIdentityTokenFile.Length: > 0 } => "takes a web identity (web_identity_token_file)",
            { RoleArn.Length: > 0 } => "assumes a role (role_arn)",
            { SsoSession.Length: > 0 } or { SsoStartUrl.Length: > 0 } => "signs in by SSO (sso_session, sso_start_url)",
            _ => "",
        };
        if (kind.Length > 0)
            throw NotTaken(location, $"The profile {profile} {kind}", $" --profile {profile}");
        return files.TryGetAWSCredentials(profile, out AWSCredentials credentials) ? credentials : null;
    }

    private static StoreException NotTaken(ObjectStoreLocation location, string what, string option) => NotFound(
        location,
        $"{what}, which is not taken directly; keys, session tokens and credential_process are. Make a profile with 'credential_process = aws configure export-credentials{option} --format process', or set the variables that 'aws configure export-credentials{option} --format env' prints.");

    private static bool IsSet(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));

    private static StoreException NotFound(ObjectStoreLocation location, string reason, Exception? cause = null) =>
        new("CredentialsNotFound", location.ToString(), $"No credentials for {location}: {reason}", cause);
}
