using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Tests.Faults;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>The faults before the real service.</summary>
[NeedsEnvironment("IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
public sealed class RealS3FaultTests : S3FaultContract
{
    protected override (Uri Endpoint, string Bucket) Service => (
        new Uri(Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT")!), Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_BUCKET")!);
}

/// <summary>The faults before the server in memory, which runs everywhere and has bad habits on demand.</summary>
public sealed class S3FaultTests : S3FaultContract, IAsyncDisposable
{
    private readonly ObjectServer server = new();

    protected override (Uri Endpoint, string Bucket) Service => (server.Address, "bucket");

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_service_that_ignores_conditions_is_found_out_by_the_probe()
    {
        server.IgnoresConditions = true;
        await using var proxy = new FaultProxy(server.Address);
        await using IObjectStore store = await OpenAsync(proxy, RetryPolicy.Default);
        Assert.True(store.ConditionalWrites);
        Assert.False(await ObjectStores.ProbeConditionalWritesAsync(store, default));
        Assert.False(store.ConditionalWrites);
        Assert.True(await store.PutAsync("object", new byte[1], PutMode.CreateOnly, default));
        Assert.False(await store.PutAsync("object", new byte[2], PutMode.CreateOnly, default));
        Assert.Single(await store.ReadAllAsync("object", 10, default));
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_reported_at_once()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        int connections = 0;
        Task serving = Task.Run(async () =>
        {
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync();
                connections++;
                await using var tls = new SslStream(client.GetStream());
                await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsServerAsync(certificate));
            }
        });

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => ObjectStores.OpenAsync(
            new ObjectStoreLocation { Uri = "s3://bucket", Endpoint = $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", AccessKey = "a", SecretKey = "s" },
            create: false,
            default));
        Assert.Equal("CertificateNotTrusted", error.Id);
        Assert.IsAssignableFrom<AuthenticationException>(error.InnerException?.InnerException);
        Assert.Equal(1, connections);
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }
}
