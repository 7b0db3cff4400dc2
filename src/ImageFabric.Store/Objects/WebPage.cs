using System.Net.Http;
using System.Text;

namespace ImageFabric.Store.Objects;

/// <summary>Knows a web page that stands where an S3 service should: a captive portal, a login, a console.</summary>
internal static class WebPage
{
    private const int Beginning = 1024;

    public static bool Is(HttpResponseMessage answer, ReadOnlySpan<byte> body)
    {
        string text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, Beginning)]).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        return text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase) ||
            (answer.Content.Headers.ContentType?.MediaType == "text/html" && !text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase));
    }
}
