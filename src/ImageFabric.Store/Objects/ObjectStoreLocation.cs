namespace ImageFabric.Store.Objects;

/// <summary>Where a store is and how to get in. Holds a secret: <see cref="ToString"/> leaves it out.</summary>
public sealed record ObjectStoreLocation
{
    /// <summary>A directory's path, or <c>s3://bucket</c> or <c>s3://bucket/prefix</c>.</summary>
    public required string Uri { get; init; }

    /// <summary>The S3 service, <c>http(s)://host[:port]</c>. Null: <c>AWS_ENDPOINT_URL_S3</c> or <c>AWS_ENDPOINT_URL</c>, otherwise Amazon's, by region.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The S3 region. Null: the AWS chain's, otherwise <c>us-east-1</c>.</summary>
    public string? Region { get; init; }

    /// <summary>A profile of the AWS credential files. Null: the standard AWS chain.</summary>
    public string? Profile { get; init; }

    /// <summary>Access key id; goes with <see cref="SecretKey"/> and comes before profile and chain.</summary>
    public string? AccessKey { get; init; }

    /// <summary>Secret access key.</summary>
    public string? SecretKey { get; init; }

    /// <summary>The most bytes that may move to and from the store in a second, at least 65,536. Null: as many as go.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>The address, and the endpoint if there is one; never a key.</summary>
    public override string ToString() => Endpoint is null ? Uri : $"{Uri} at {Endpoint}";
}
