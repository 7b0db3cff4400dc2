using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using Amazon.Runtime;
using Amazon.Runtime.Internal.Auth;

namespace ImageFabric.Store.Objects;

/// <summary>
/// Puts objects whose SHA-256 is known, by requests that it signs itself (AWS Signature Version 4): the AWS client would read the body once more to
/// compute it, and send it in pieces of 8 KiB.
/// </summary>
/// <param name="http">The store's connections.</param>
/// <param name="credentials">Whose signature it is.</param>
/// <param name="region">The region that the signature is for.</param>
internal sealed class HashedUpload(HttpClient http, AWSCredentials credentials, string region)
{
    private const string Service = "s3";
    private const string DigestHeader = "x-amz-content-sha256";
    private const string DateHeader = "x-amz-date";
    private const string TokenHeader = "x-amz-security-token";

    /// <summary>Puts an object.</summary>
    /// <param name="address">Its address, without a signature.</param>
    /// <param name="key">Its key, for errors.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="sha256">Their digest; the service refuses others.</param>
    /// <param name="attempt">The attempt that this is.</param>
    /// <exception cref="StoreException">What the service's refusal means.</exception>
    /// <exception cref="PassingFaultException">It may succeed later.</exception>
    public async Task PutAsync(Uri address, string key, HttpContent body, ReadOnlyMemory<byte> sha256, Attempt attempt)
    {
        ImmutableCredentials signer = await credentials.GetCredentialsAsync().WaitAsync(attempt.Token).ConfigureAwait(false);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = body };

        // A service that refuses it says so before the body is sent.
        request.Headers.ExpectContinue = true;
        Sign(request, signer, Convert.ToHexStringLower(sha256.Span));
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, attempt.Token).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.OK)
            throw await HttpAnswer.DescribeAsync(response, key, "StoreAccessDenied", attempt.Token).ConfigureAwait(false);
    }

    // The headers are those that must be signed, and in the order of their names.
    private void Sign(HttpRequestMessage request, ImmutableCredentials signer, string digest)
    {
        Uri address = request.RequestUri!;
        DateTime now = DateTime.UtcNow;
        var headers = new List<(string Name, string Value)>
        {
            ("host", address.IsDefaultPort ? address.IdnHost : $"{address.IdnHost}:{address.Port}"),
            (DigestHeader, digest),
            (DateHeader, now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)),
        };
        if (signer.UseToken)
            headers.Add((TokenHeader, signer.Token));
        string names = string.Join(';', headers.Select(header => header.Name));
        string lines = string.Concat(headers.Select(header => $"{header.Name}:{header.Value}\n"));
        string canonical = $"PUT\n{address.AbsolutePath}\n\n{lines}\n{names}\n{digest}";
        AWS4SigningResult signature = AWS4Signer.ComputeSignature(signer, region, now, Service, names, canonical);
        foreach ((string name, string value) in headers.Skip(1))
            request.Headers.Add(name, value);
        request.Headers.TryAddWithoutValidation("Authorization", signature.ForAuthorizationHeader);
    }
}
