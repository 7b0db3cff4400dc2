using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;

namespace ImageFabric.Store.Objects;

/// <summary>
/// Addresses of objects that carry their signature: AWS Signature Version 4 in the query (Amazon S3 API Reference, "Authenticating Requests: Using Query
/// Parameters"). The key goes into the address as it is: S3 takes dot segments and double slashes as they stand.
/// </summary>
internal static class PresignedAddress
{
    private const string Service = "s3";
    private const string Algorithm = "AWS4-HMAC-SHA256";

    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Signs a GET of an object.</summary>
    /// <param name="endpoint">The service's address; it may have a path, as behind a reverse proxy.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="key">The key.</param>
    /// <param name="region">The region that the signature is for.</param>
    /// <param name="signer">Whose signature it is.</param>
    /// <param name="now">When it is made, UTC.</param>
    /// <param name="lifetime">How long it is good for, 1 s to 7 days.</param>
    public static Uri Get(Uri endpoint, string bucket, string key, string region, ImmutableCredentials signer, DateTime now, TimeSpan lifetime)
    {
        string path = $"{endpoint.AbsolutePath.TrimEnd('/')}/{Encode(bucket)}/{string.Join('/', key.Split('/').Select(Encode))}";
        string host = RequestSignature.HostOf(endpoint);
        string time = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string day = time[..8];
        string scope = $"{day}/{region}/{Service}/aws4_request";

        // In the order of their names, as they are signed.
        var parameters = new List<(string Name, string Value)>
        {
            ("X-Amz-Algorithm", Algorithm),
            ("X-Amz-Credential", $"{signer.AccessKey}/{scope}"),
            ("X-Amz-Date", time),
            ("X-Amz-Expires", ((long)lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture)),
        };
        if (signer.UseToken)
            parameters.Add(("X-Amz-Security-Token", signer.Token));
        parameters.Add(("X-Amz-SignedHeaders", "host"));
        string query = string.Join('&', parameters.Select(static p => $"{Encode(p.Name)}={Encode(p.Value)}"));
        string canonical = $"GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD";
        string toSign = $"{Algorithm}\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] secret = Encoding.UTF8.GetBytes("AWS4" + signer.SecretKey);
        foreach (string part in (string[])[day, region, Service, "aws4_request"])
            secret = HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(part));
        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(toSign)));
        return new Uri($"{endpoint.Scheme}://{host}{path}?{query}&X-Amz-Signature={signature}", Verbatim);
    }

    // Unreserved characters stay (RFC 3986, section 2.3), which is what .NET escapes by.
    private static string Encode(string text) => Uri.EscapeDataString(text);
}
