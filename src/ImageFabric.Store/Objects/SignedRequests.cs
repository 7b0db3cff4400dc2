using System.Net.Http;
using Amazon.Runtime;

namespace ImageFabric.Store.Objects;

/// <summary>Requests about a bucket as a whole, made and read by us: the AWS client takes any document for an empty listing, and one of any length.</summary>
/// <param name="http">The store's connections.</param>
/// <param name="credentials">Whose signature it is.</param>
/// <param name="region">The region that the signature is for.</param>
/// <param name="endpoint">The service's address; it may have a path, as behind a reverse proxy.</param>
/// <param name="bucket">The bucket.</param>
internal sealed class SignedRequests(HttpClient http, AWSCredentials credentials, string region, Uri endpoint, string bucket)
{
    /// <summary>SHA-256 of nothing.</summary>
    private const string NoBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>The service's address, for messages.</summary>
    public string Service { get; } = endpoint.GetLeftPart(UriPartial.Authority);

    /// <summary>Sends a request and gives the answer as soon as its body begins.</summary>
    public async Task<HttpResponseMessage> GetAsync(IEnumerable<KeyValuePair<string, string>> query, Attempt attempt)
    {
        ImmutableCredentials signer = await credentials.GetCredentialsAsync().WaitAsync(attempt.Token).ConfigureAwait(false);
        string escaped = string.Join('&', query.OrderBy(static one => one.Key, StringComparer.Ordinal).Select(static one => $"{Uri.EscapeDataString(one.Key)}={Uri.EscapeDataString(one.Value)}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{Uri.EscapeDataString(bucket)}?{escaped}", Verbatim));
        RequestSignature.Sign(request, signer, region, NoBody);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, attempt.Token).ConfigureAwait(false);
    }
}
