using System.Net;
using System.Net.Http;

namespace ImageFabric.Store.Objects;

/// <summary>The HTTP connections of a store, with the settings all back ends share.</summary>
internal static class HttpChannel
{
    /// <summary>Enough to fill a fast link; more only crowds the store when many hosts read at once.</summary>
    private const int MaximumConnections = 16;

    /// <summary>Makes a client. Proxies come from the environment, as everywhere.</summary>
    public static HttpClient Create() => new(
        new SocketsHttpHandler
        {
            MaxConnectionsPerServer = MaximumConnections,
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            UseCookies = false,

            // A service that knows nothing of "100 Continue" costs this much for each upload.
            Expect100ContinueTimeout = TimeSpan.FromMilliseconds(300),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
        })
    {
        // Attempts watch for silence themselves; a long transfer is no fault.
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
