using System.Net.Http.Headers;
using Amazon.Runtime;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Sources;

/// <summary>An object of any bucket, by addresses that are presigned for each request.</summary>
internal sealed class BucketAddress : IRemoteAddress
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly ObjectStoreLocation location;
    private readonly string bucket;
    private readonly string key;
    private AWSCredentials credentials;
    private Uri endpoint;
    private string region;

    /// <exception cref="StoreException"><c>InvalidRequest</c>, <c>CredentialsNotFound</c>.</exception>
    public BucketAddress(ObjectStoreLocation location)
    {
        string[] parts = location.Uri["s3://".Length..].Split('/', 2);
        if (parts.Length < 2 || parts[0].Length == 0 || parts[1].Length == 0)
            throw new StoreException("InvalidRequest", location.Uri, "An object's address is s3://bucket/key.");
        (bucket, key, Name, this.location) = (parts[0], parts[1], location.Uri, location);
        (endpoint, region, credentials) = S3Client.Service(location);
    }

    public string Name { get; }

    public AuthenticationHeaderValue? AuthorizationFor(Uri address) => null;

    public async ValueTask<Uri> NowAsync(CancellationToken cancellationToken)
    {
        ImmutableCredentials signer = await credentials.GetCredentialsAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        return PresignedAddress.Get(endpoint, bucket, key, region, signer, DateTime.UtcNow, Lifetime);
    }

    /// <inheritdoc/>
    public bool Learn(ServiceAnswer refusal)
    {
        if (refusal.Region is not { } named || named == region)
            return false;
        (endpoint, region, credentials) = S3Client.Service(location with { Region = named });
        return true;
    }

    public void Dispose()
    {
    }
}
