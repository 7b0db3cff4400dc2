using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>What goes over the wire; that services take it, and refuse what was damaged, the contracts of S3 stores say.</summary>
public sealed class HashedUploadTests
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes(new string('x', 100_000));

    [Fact]
    public async Task A_request_is_signed_with_the_digest_at_hand_and_the_sessions_token()
    {
        var service = new Listener();
        using var http = new HttpClient(service);
        byte[] digest = SHA256.HashData(Content);
        await PutAsync(http, new SessionAWSCredentials("ACCESS", "secret", "TOKEN"), digest);

        string hex = Convert.ToHexStringLower(digest);
        string date = service.Header("x-amz-date");
        Assert.Equal(hex, service.Header("x-amz-content-sha256"));
        Assert.Equal("TOKEN", service.Header("x-amz-security-token"));
        Assert.Equal(Content, service.Body);

        // AWS Signature Version 4, step by step.
        const string Names = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token";
        string canonical = $"PUT\n/bucket/a%20prefix/key\n\nhost:store.example:8443\nx-amz-content-sha256:{hex}\nx-amz-date:{date}\nx-amz-security-token:TOKEN\n\n{Names}\n{hex}";
        string scope = $"{date[..8]}/middle-1/s3/aws4_request";
        string toSign = $"AWS4-HMAC-SHA256\n{date}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = scope.Split('/').Aggregate("AWS4secret"u8.ToArray(), (k, part) => HMACSHA256.HashData(k, Encoding.UTF8.GetBytes(part)));
        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        Assert.Equal($"AWS4-HMAC-SHA256 Credential=ACCESS/{scope}, SignedHeaders={Names}, Signature={signature}", service.Header("Authorization"));
    }

    [Fact]
    public async Task A_refusal_says_what_it_means()
    {
        using var denied = new HttpClient(new Listener { Answer = HttpStatusCode.Forbidden });
        var refused = await Assert.ThrowsAsync<StoreException>(() => PutAsync(denied, new BasicAWSCredentials("ACCESS", "secret"), SHA256.HashData(Content)));
        Assert.Equal("StoreAccessDenied", refused.Id);

        using var busy = new HttpClient(new Listener { Answer = HttpStatusCode.ServiceUnavailable });
        await Assert.ThrowsAsync<PassingFaultException>(() => PutAsync(busy, new BasicAWSCredentials("ACCESS", "secret"), SHA256.HashData(Content)));
    }

    private static async Task PutAsync(HttpClient http, AWSCredentials credentials, byte[] digest)
    {
        using var attempt = new Attempt(TimeSpan.FromSeconds(30), CancellationToken.None);
        await new HashedUpload(http, credentials, "middle-1")
            .PutAsync(new Uri("https://store.example:8443/bucket/a%20prefix/key"), "key", new UploadContent(Content, attempt, limit: null), digest, attempt);
    }

    private sealed class Listener : HttpMessageHandler
    {
        private HttpRequestMessage? heard;

        public HttpStatusCode Answer { get; init; } = HttpStatusCode.OK;

        public byte[] Body { get; private set; } = [];

        public string Header(string name) => string.Join(',', heard!.Headers.NonValidated[name]);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            heard = request;
            Body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            return new HttpResponseMessage(Answer) { Content = new StringContent("<Error><Code>Any</Code></Error>") };
        }
    }
}
