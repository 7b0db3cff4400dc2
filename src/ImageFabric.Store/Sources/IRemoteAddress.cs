using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using ImageFabric.Disks;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Sources;

/// <summary>Where a remote file is at this moment.</summary>
internal interface IRemoteAddress : IDisposable
{
    /// <summary>What a person calls it, without secrets.</summary>
    string Name { get; }

    /// <summary>What goes into the header of that name. Null: nothing.</summary>
    AuthenticationHeaderValue? Authorization { get; }

    /// <summary>The address to ask now.</summary>
    ValueTask<Uri> NowAsync(CancellationToken cancellationToken);
}

/// <summary>A file on a web server.</summary>
internal sealed class WebAddress : IRemoteAddress
{
    private readonly Uri uri;

    /// <exception cref="DiskException"><c>FileNotFound</c>: the text is no address.</exception>
    public WebAddress(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? parsed) || parsed.Host.Length == 0)
            throw new DiskException("FileNotFound", text, $"'{text}' is no address of a file.");
        uri = new UriBuilder(parsed) { UserName = "", Password = "", Fragment = "" }.Uri;
        if (parsed.UserInfo.Length > 0)
            Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(parsed.UserInfo))));
    }

    // A query may be a signature.
    public string Name => uri.GetLeftPart(UriPartial.Path);

    public AuthenticationHeaderValue? Authorization { get; }

    public ValueTask<Uri> NowAsync(CancellationToken cancellationToken) => ValueTask.FromResult(uri);

    public void Dispose()
    {
    }
}

/// <summary>An object of any bucket, by addresses that are presigned for each request.</summary>
internal sealed class BucketAddress : IRemoteAddress
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly HttpClient http = HttpChannel.Create();
    private readonly AmazonS3Client client;
    private readonly string bucket;
    private readonly string key;

    /// <exception cref="StoreException"><c>InvalidRequest</c>, <c>CredentialsNotFound</c>.</exception>
    public BucketAddress(ObjectStoreLocation location)
    {
        string[] parts = location.Uri["s3://".Length..].Split('/', 2);
        if (parts.Length < 2 || parts[0].Length == 0 || parts[1].Length == 0)
            throw new StoreException("InvalidRequest", location.Uri, "An object's address is s3://bucket/key.");
        (bucket, key, Name) = (parts[0], parts[1], location.Uri);
        client = S3Client.Create(location, http);
    }

    public string Name { get; }

    public AuthenticationHeaderValue? Authorization => null;

    public async ValueTask<Uri> NowAsync(CancellationToken cancellationToken)
    {
        var request = new GetPreSignedUrlRequest
        {
            BucketName = bucket,
            Key = key,
            Verb = HttpVerb.GET,
            Expires = DateTime.UtcNow + Lifetime,
            Protocol = client.Config.ServiceURL?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) == true ? Protocol.HTTP : Protocol.HTTPS,
        };
        return new Uri(await client.GetPreSignedURLAsync(request).WaitAsync(cancellationToken).ConfigureAwait(false));
    }

    public void Dispose()
    {
        client.Dispose();
        http.Dispose();
    }
}
