using System.Net;
using System.Net.Http;

namespace ImageFabric.Store.Objects;

/// <summary>
/// Stands between the AWS client and the network: reads what a refusal says, in bounds that the client does not have, and keeps refusals from it that it
/// would act on by itself (redirects) or has no words for.
/// </summary>
internal sealed class SdkAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private volatile bool unexpecting;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (unexpecting)
            request.Headers.ExpectContinue = false;
        bool expects = request.Headers.ExpectContinue is true;
        HttpResponseMessage answer = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (answer.IsSuccessStatusCode)
            return answer;
        using HttpResponseMessage refusal = answer;

        // An old proxy on the way does not know it (RFC 9110, section 15.5.18).
        if (refusal.StatusCode == HttpStatusCode.ExpectationFailed && expects)
        {
            unexpecting = true;
            throw new PassingFaultException("Something on the way to the store does not know Expect: 100-continue.");
        }

        throw new RefusedAnswerException(await ServiceAnswer.ReadAsync(refusal, cancellationToken).ConfigureAwait(false));
    }
}
