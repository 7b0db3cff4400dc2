using System.Net;
using System.Net.Http;
using System.Net.Sockets;

namespace ImageFabric.Store.Objects;

/// <summary>The HTTP connections of a store, with the settings all back ends share.</summary>
internal static class HttpChannel
{
    /// <summary>Enough to fill a fast link; more only crowds the store when many hosts read at once.</summary>
    private const int MaximumConnections = 16;

    /// <summary>Makes a client. Proxies come from the environment, as everywhere.</summary>
    /// <param name="loopbackPort">A port of this machine that leads to the service, which is asked for by its own name all the same, without a proxy. Null: it is connected to by its name.</param>
    public static HttpClient Create(int? loopbackPort = null) => Over(CreateHandler(loopbackPort));

    /// <summary>A client over connections. Attempts watch for silence themselves; a long transfer is no fault.</summary>
    public static HttpClient Over(HttpMessageHandler connections, bool disposes = true) => new(connections, disposes) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The connections, for several clients over the same ones.</summary>
    /// <param name="loopbackPort">As for <see cref="Create"/>.</param>
    public static SocketsHttpHandler CreateHandler(int? loopbackPort = null) =>
        new()
        {
            UseProxy = loopbackPort is null,
            ConnectCallback = loopbackPort is { } port ? (_, stop) => ConnectAsync(port, stop) : null,
            MaxConnectionsPerServer = MaximumConnections,
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            UseCookies = false,

            // A service that knows nothing of "100 Continue" costs this much for each upload.
            Expect100ContinueTimeout = TimeSpan.FromMilliseconds(300),
            SslOptions = CertificateCheck.Options,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
        };

    private static async ValueTask<Stream> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
