using System.Net.Http;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace ImageFabric.Store.Objects;

/// <summary>Sets the AWS client up so that it talks to any S3 service and leaves retries and time limits to <see cref="RetryPolicy"/>.</summary>
internal static class S3Client
{
    private const string DefaultRegion = "us-east-1";

    /// <summary>What requests of a location that are signed by hand go to and are signed with.</summary>
    /// <exception cref="StoreException"><c>CredentialsNotFound</c>, <c>InvalidRequest</c>.</exception>
    public static (Uri Endpoint, string Region, AWSCredentials Credentials) Service(ObjectStoreLocation location)
    {
        string? endpoint = EndpointOf(location);
        AWSCredentials credentials = S3Credentials.Find(location, ownEndpoint: endpoint is not null);
        string region = RegionOf(location, endpoint);
        return (endpoint is null ? new Uri($"https://s3.{region}.{RegionEndpoint.GetBySystemName(region).PartitionDnsSuffix}") : Parse(endpoint), region, credentials);
    }

    /// <summary>Makes the client for what <see cref="Service"/> found.</summary>
    /// <param name="location">The location.</param>
    /// <param name="region">Its region.</param>
    /// <param name="credentials">What it signs with.</param>
    /// <param name="http">Connections, with <see cref="SdkAnswers"/> before them.</param>
    public static AmazonS3Client Create(ObjectStoreLocation location, string region, AWSCredentials credentials, HttpClient http)
    {
        string? endpoint = EndpointOf(location);
        var config = new AmazonS3Config
        {
            ForcePathStyle = true,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            ThrottleRetries = false,
            Timeout = Timeout.InfiniteTimeSpan,
            DisableLogging = true,
            HttpClientFactory = new OneClient(http),
        };
        if (endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }
        else
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = region;
            config.UseHttp = Parse(endpoint).Scheme == "http";
        }

        return new AmazonS3Client(credentials, config);
    }

    private static string? EndpointOf(ObjectStoreLocation location) =>
        FirstSet(location.Endpoint, Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_S3"), Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL"));

    private static string RegionOf(ObjectStoreLocation location, string? endpoint) =>
        FirstSet(location.Region, FallbackRegionFactory.GetRegionEndpoint(includeInstanceMetadata: endpoint is null)?.SystemName) ?? DefaultRegion;

    private static Uri Parse(string endpoint) => Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) && address.Scheme is ("http" or "https")
        ? address
        : throw new StoreException("InvalidRequest", endpoint, "An S3 endpoint is http(s)://host[:port].");

    private static string? FirstSet(params string?[] values) => values.FirstOrDefault(value => !string.IsNullOrEmpty(value));

    private sealed class OneClient(HttpClient http) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => http;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
