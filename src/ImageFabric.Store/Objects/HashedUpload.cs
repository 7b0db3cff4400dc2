using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using Amazon.Runtime;

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
    private volatile bool unexpecting;

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
        bool expects = !unexpecting;
        request.Headers.ExpectContinue = expects;
        RequestSignature.Sign(request, signer, region, Convert.ToHexStringLower(sha256.Span));
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, attempt.Token).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.ExpectationFailed && expects)
        {
            // Of several at once each is sent again. An old proxy on the way does not know it (RFC 9110, section 15.5.18).
            unexpecting = true;
            throw new PassingFaultException("Something on the way to the store does not know Expect: 100-continue.");
        }

        if (response.StatusCode != HttpStatusCode.OK)
            throw await HttpAnswer.DescribeAsync(response, RefusedWork.Writing(key), attempt.Token).ConfigureAwait(false);
    }
}
