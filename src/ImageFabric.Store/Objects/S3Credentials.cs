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
                ? new BasicAWSCredentials(accessKey, secretKey)
                : throw NotFound(location, "There is an access key without its secret key.");
        }

        try
        {
            if (location.Profile is { Length: > 0 } profile)
                return FromProfile(profile) ?? throw NotFound(location, $"There is no profile {profile} in the AWS credential files.");
            return ownEndpoint
                ? FromSurroundings() ?? throw NotFound(location, "The AWS chain has no credentials: neither environment variables nor a profile.")
                : FromAmazon(location);
        }
        catch (Exception error) when (error is AmazonClientException or InvalidOperationException or ArgumentException)
        {
            throw NotFound(location, error.Message, error);
        }
    }

    private static AWSCredentials FromAmazon(ObjectStoreLocation location)
    {
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
    private static AWSCredentials? FromSurroundings()
    {
        if (IsSet(EnvironmentVariablesAWSCredentials.ENVIRONMENT_VARIABLE_ACCESSKEY) && IsSet(EnvironmentVariablesAWSCredentials.ENVIRONMENT_VARIABLE_SECRETKEY))
            return new EnvironmentVariablesAWSCredentials();
        string? profile = Environment.GetEnvironmentVariable("AWS_PROFILE");
        if (FromProfile(string.IsNullOrEmpty(profile) ? "default" : profile) is { } found)
            return found;
        return IsSet("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || IsSet("AWS_CONTAINER_CREDENTIALS_FULL_URI") ? new GenericContainerCredentials() : null;
    }

    private static AWSCredentials? FromProfile(string profile) =>
        new CredentialProfileStoreChain().TryGetAWSCredentials(profile, out AWSCredentials credentials) ? credentials : null;

    private static bool IsSet(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));

    private static StoreException NotFound(ObjectStoreLocation location, string reason, Exception? cause = null) =>
        new("CredentialsNotFound", location.ToString(), $"No credentials for {location}: {reason}", cause);
}
