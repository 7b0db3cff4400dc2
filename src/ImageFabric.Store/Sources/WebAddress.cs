using System.Net.Http.Headers;
using System.Text;
using ImageFabric.Disks;

namespace ImageFabric.Store.Sources;

/// <summary>A file on a web server.</summary>
internal sealed class WebAddress : IRemoteAddress
{
    private readonly Uri uri;
    private readonly AuthenticationHeaderValue? authorization;

    /// <exception cref="DiskException"><c>FileNotFound</c>: the text is no address.</exception>
    public WebAddress(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? parsed) || parsed.Host.Length == 0)
            throw new DiskException("FileNotFound", text, $"'{text}' is no address of a file.");
        uri = new UriBuilder(parsed) { UserName = "", Password = "", Fragment = "" }.Uri;
        if (parsed.UserInfo.Length > 0)
            authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(parsed.UserInfo))));
    }

    // A query may be a signature.
    public string Name => uri.GetLeftPart(UriPartial.Path);

    // A password is nobody's business but its own server's; and S3 refuses a signed address with another kind of authentication beside it.
    public AuthenticationHeaderValue? AuthorizationFor(Uri address) =>
        address.Scheme == uri.Scheme && address.Port == uri.Port && address.IdnHost.Equals(uri.IdnHost, StringComparison.OrdinalIgnoreCase) ? authorization : null;

    public ValueTask<Uri> NowAsync(CancellationToken cancellationToken) => ValueTask.FromResult(uri);

    public void Dispose()
    {
    }
}
