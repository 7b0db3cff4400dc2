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

    [Theory]
    [InlineData("http://[2001:db8::1]:7480/bucket/key", "[2001:db8::1]:7480")]
    [InlineData("http://[2001:db8::1]/bucket/key", "[2001:db8::1]")]
    [InlineData("https://store.example/bucket/key", "store.example")]
    public async Task The_host_is_signed_as_it_is_sent(string address, string host)
    {
        var service = new Listener();
        using var http = new HttpClient(service);
        byte[] digest = SHA256.HashData(Content);
        await PutAsync(new HashedUpload(http, new BasicAWSCredentials("ACCESS", "secret"), "middle-1"), digest, address);

        string hex = Convert.ToHexStringLower(digest);
        string date = service.Header("x-amz-date");
        const string Names = "host;x-amz-content-sha256;x-amz-date";
        string canonical = $"PUT\n/bucket/key\n\nhost:{host}\nx-amz-content-sha256:{hex}\nx-amz-date:{date}\n\n{Names}\n{hex}";
        string scope = $"{date[..8]}/middle-1/s3/aws4_request";
        string toSign = $"AWS4-HMAC-SHA256\n{date}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = scope.Split('/').Aggregate("AWS4secret"u8.ToArray(), (k, part) => HMACSHA256.HashData(k, Encoding.UTF8.GetBytes(part)));
        Assert.EndsWith("Signature=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign))), service.Header("Authorization"));
    }

    [Fact]
    public async Task Uploads_that_all_meet_an_old_proxy_are_all_sent_again_and_without_what_it_does_not_know()
    {
        using var proxy = new OldProxy(uploads: 3);
        using var http = new HttpClient(proxy);
        var upload = new HashedUpload(http, new BasicAWSCredentials("ACCESS", "secret"), "middle-1");
        byte[] digest = SHA256.HashData(Content);
        Task[] first = [.. Enumerable.Range(0, 3).Select(_ => PutAsync(upload, digest))];
        foreach (Task one in first)
            await Assert.ThrowsAsync<PassingFaultException>(() => one);
        await PutAsync(upload, digest);
        Assert.Equal(4, proxy.Heard);
    }

    private static Task PutAsync(HttpClient http, AWSCredentials credentials, byte[] digest) => PutAsync(new HashedUpload(http, credentials, "middle-1"), digest);

    private static async Task PutAsync(HashedUpload upload, byte[] digest, string address = "https://store.example:8443/bucket/a%20prefix/key")
    {
        using var attempt = new Attempt(TimeSpan.FromSeconds(30), CancellationToken.None);
        await upload.PutAsync(new Uri(address), "key", new UploadContent(Content, attempt, limit: null), digest, attempt);
    }

    /// <summary>Answers nobody before all are there, and then each that expects something with 417.</summary>
    private sealed class OldProxy(int uploads) : HttpMessageHandler
    {
        private readonly TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int heard;

        public int Heard => heard;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref heard) == uploads)
                all.SetResult();
            await all.Task.WaitAsync(cancellationToken);
            return new HttpResponseMessage(request.Headers.ExpectContinue is true ? HttpStatusCode.ExpectationFailed : HttpStatusCode.OK) { Content = new StringContent("") };
        }
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
