using System.Net;
using System.Net.Http;
using System.Text;

namespace ImageFabric.Store.Objects;

/// <summary>What a service says when it does not do what was asked: status, and as far as it gives them the code and message of S3's error document.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">The reason phrase.</param>
/// <param name="Code">S3's error code; empty without one.</param>
/// <param name="Message">The message of S3's error document, or the first line of a text; empty without one.</param>
/// <param name="Region">The region that the service names as the right one. Null: none.</param>
/// <param name="ClockAhead">How far this machine's clock is ahead of the service's. Null: it does not say its time.</param>
internal sealed record ServiceAnswer(HttpStatusCode Status, string Reason, string Code, string Message, string? Region, TimeSpan? ClockAhead)
{
    private const int LongestText = 300;

    // S3 refuses signatures whose time is further off than this.
    private static readonly TimeSpan ToleratedSkew = TimeSpan.FromMinutes(5);

    /// <summary>Where a redirect leads, as the service wrote it. Null: nowhere.</summary>
    public string? Leads { get; init; }

    /// <summary>True when the body is a web page.</summary>
    public bool IsWebPage { get; init; }

    /// <summary>How long the service asks to be left alone. Null: it does not.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>The answer in a few words, with what the service itself said.</summary>
    public string Said
    {
        get
        {
            string words = $"{(int)Status} {(Code.Length > 0 ? Code : Reason)}".TrimEnd();
            return Message.Length > 0 ? $"{words}: {Message.TrimEnd('.')}" : words;
        }
    }

    /// <summary>What is to be said of the clocks when they differ by more than a signature may. Null: nothing.</summary>
    public string? ClockHint => ClockAhead is { } ahead && ahead.Duration() > ToleratedSkew
        ? $"The clock of this machine is {(int)ahead.Duration().TotalMinutes} minutes {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} the service's: set it."
        : null;

    /// <summary>Reads the answer, and of its body as much as an error takes.</summary>
    public static async Task<ServiceAnswer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        byte[] body = await BoundedBody.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false);
        string text = Encoding.UTF8.GetString(body);
        string code = Element(text, "Code");
        string message = code.Length > 0 ? Element(text, "Message") : response.Content.Headers.ContentType?.MediaType is null or "text/plain" ? Short(text.Split('\n')[0]) : "";
        string region = response.Headers.TryGetValues("x-amz-bucket-region", out IEnumerable<string>? named) ? named.First() : Element(text, "Region");
        TimeSpan? ahead = response.Headers.Date is { } date ? DateTimeOffset.UtcNow - date : null;
        return new ServiceAnswer(response.StatusCode, response.ReasonPhrase ?? "", code, message, region.Length > 0 ? region : null, ahead)
        {
            Leads = response.Headers.Location?.OriginalString is { Length: > 0 } leads ? Short(leads) : null,
            IsWebPage = WebPage.Is(response, body),
            Wait = RetryAfter(response),
        };
    }

    /// <summary>How long the service asks to be left alone (RFC 9110, section 10.2.3). Null: it does not.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.Headers.RetryAfter is not { } asked)
            return null;
        TimeSpan wait = asked.Delta ?? (asked.Date is { } until ? until - (response.Headers.Date ?? DateTimeOffset.UtcNow) : TimeSpan.Zero);
        return wait > TimeSpan.Zero ? wait : null;
    }

    private static string Element(string text, string name)
    {
        int start = text.IndexOf($"<{name}>", StringComparison.Ordinal);
        int end = start < 0 ? -1 : text.IndexOf($"</{name}>", start, StringComparison.Ordinal);
        return end < 0 ? "" : Short(WebUtility.HtmlDecode(text[(start + name.Length + 2)..end]));
    }

    private static string Short(string text) => text.Length <= LongestText ? text.Trim() : text[..LongestText].Trim() + "…";
}
