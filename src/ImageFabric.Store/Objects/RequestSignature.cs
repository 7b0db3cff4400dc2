using System.Globalization;
using System.Net.Http;
using Amazon.Runtime;
using Amazon.Runtime.Internal.Auth;

namespace ImageFabric.Store.Objects;

/// <summary>AWS Signature Version 4 in the headers of a request that is made by hand.</summary>
internal static class RequestSignature
{
    private const string Service = "s3";
    private const string DigestHeader = "x-amz-content-sha256";
    private const string DateHeader = "x-amz-date";
    private const string TokenHeader = "x-amz-security-token";

    /// <summary>What the Host header says of an address, which is signed: an IPv6 address has its brackets there (RFC 3986, section 3.2.2).</summary>
    public static string HostOf(Uri address)
    {
        string host = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost;
        return address.IsDefaultPort ? host : $"{host}:{address.Port}";
    }

    /// <summary>Signs a request, whose query must be escaped and in the order of its names.</summary>
    /// <param name="request">The request.</param>
    /// <param name="signer">Whose signature it is.</param>
    /// <param name="region">The region that it is for.</param>
    /// <param name="digest">SHA-256 of the body, in hexadecimal.</param>
    public static void Sign(HttpRequestMessage request, ImmutableCredentials signer, string region, string digest)
    {
        Uri address = request.RequestUri!;
        DateTime now = DateTime.UtcNow;

        // The headers are those that must be signed, and in the order of their names.
        var headers = new List<(string Name, string Value)>
        {
            ("host", HostOf(address)),
            (DigestHeader, digest),
            (DateHeader, now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)),
        };
        if (signer.UseToken)
            headers.Add((TokenHeader, signer.Token));
        string names = string.Join(';', headers.Select(header => header.Name));
        string lines = string.Concat(headers.Select(header => $"{header.Name}:{header.Value}\n"));
        string canonical = $"{request.Method}\n{address.AbsolutePath}\n{address.Query.TrimStart('?')}\n{lines}\n{names}\n{digest}";
        AWS4SigningResult signature = AWS4Signer.ComputeSignature(signer, region, now, Service, names, canonical);
        foreach ((string name, string value) in headers.Skip(1))
            request.Headers.Add(name, value);
        request.Headers.TryAddWithoutValidation("Authorization", signature.ForAuthorizationHeader);
    }
}
