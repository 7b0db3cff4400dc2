namespace ImageFabric.Store.Objects;

/// <summary>A bucket and the prefix of all keys in it: empty, or ending with a slash.</summary>
internal sealed record S3Address(string Bucket, string Prefix)
{
    private const string Scheme = "s3://";

    /// <summary>True for an address that means S3, well-formed or not.</summary>
    public static bool IsMeant(string uri) => uri.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads <c>s3://bucket[/prefix]</c>.</summary>
    /// <exception cref="StoreException"><c>InvalidRequest</c>.</exception>
    public static S3Address Parse(string uri)
    {
        string[] parts = uri[Scheme.Length..].Split('/', 2);
        string prefix = parts.Length > 1 ? parts[1].Trim('/') : "";
        if (parts[0].Length == 0)
            throw new StoreException("InvalidRequest", uri, "An S3 store's address is s3://bucket[/prefix].");
        try
        {
            return new S3Address(parts[0], prefix.Length == 0 ? "" : ObjectKey.Check(prefix) + "/");
        }
        catch (ArgumentException error)
        {
            throw new StoreException("InvalidRequest", uri, $"The prefix of the store's address cannot be one: {error.Message}", error);
        }
    }

    /// <summary>The address as a person writes it.</summary>
    public override string ToString() => $"{Scheme}{Bucket}/{Prefix}".TrimEnd('/');
}
