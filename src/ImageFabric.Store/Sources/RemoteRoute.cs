using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using ImageFabric.Disks;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Sources;

/// <summary>
/// The way from the address that a person typed to the one that answers. Redirects are followed here, never from https to http, and the address at their end
/// is kept: a redirector may send each request to another mirror, and mirrors differ. An address that has ended is asked for anew.
/// </summary>
/// <param name="http">Connections that follow no redirect themselves.</param>
/// <param name="start">The address that was typed.</param>
internal sealed class RemoteRoute(HttpClient http, IRemoteAddress start)
{
    private const int MostRedirects = 10;

    private volatile Uri? kept;

    /// <summary>Sends a request to where the file is.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="dress">Puts the headers on that the request is about.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The answer; never a redirect.</returns>
    /// <exception cref="DiskException"><c>FileUnreadable</c>: a redirect leads to where it is not followed.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Action<HttpRequestMessage> dress, CancellationToken cancellationToken)
    {
        if (kept is { } known)
        {
            HttpResponseMessage answer = await SendAsync(method, known, dress, cancellationToken).ConfigureAwait(false);
            if (answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone) && Redirection(answer) is null)
                return answer;
            answer.Dispose();
            kept = null;
        }

        Uri address = await start.NowAsync(cancellationToken).ConfigureAwait(false);
        for (int redirects = 0; ; redirects++)
        {
            HttpResponseMessage answer = await SendAsync(method, address, dress, cancellationToken).ConfigureAwait(false);
            if (Redirection(answer) is not { } location)
            {
                if (redirects > 0 && answer.IsSuccessStatusCode)
                    kept = address;
                return answer;
            }

            using (answer)
                address = redirects < MostRedirects ? Next(address, location) : throw Refused($"more than {MostRedirects} times");
        }
    }

    // S3 answers 301 without an address, to say that a bucket is in another region.
    private static string? Redirection(HttpResponseMessage answer) =>
        answer.StatusCode is HttpStatusCode.MultipleChoices or HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && answer.Headers.NonValidated.TryGetValues("Location", out HeaderStringValues values) && values.ToString() is { Length: > 0 } location
            ? location
            : null;

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, Action<HttpRequestMessage> dress, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, address);
        dress(request);
        request.Headers.Authorization = start.AuthorizationFor(address);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
    }

    private Uri Next(Uri from, string location)
    {
        if (!Uri.TryCreate(from, location, out Uri? next) || next.Scheme is not ("http" or "https") || next.Host.Length == 0)
            throw Refused("to what is no http or https address");
        return from.Scheme == "https" && next.Scheme == "http"
            ? throw Refused($"from https to http ({next.GetLeftPart(UriPartial.Path)})")
            : next;
    }

    private DiskException Refused(string how) => new("FileUnreadable", start.Name, $"{start.Name} leads to another address in a way that is not followed: {how}.");
}
