using System;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>Carries the store's endpoint to a host through its SSH connection: a port on the host's loopback that leads to the store, by way of this machine.</summary>
internal sealed class StoreTunnel
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    // What ssh says about a port that the host chose, and about one that it refused.
    private static readonly Regex Allocated = new(@"Allocated port (\d{1,5}) for remote forward");
    private const string RefusedWords = "remote port forwarding failed";

    private StoreTunnel(string destination) => Forward = "127.0.0.1:0:" + destination;

    /// <summary>The value of ssh's option <c>-R</c>.</summary>
    public string Forward { get; }

    /// <summary>A tunnel to a store.</summary>
    /// <param name="endpoint">Its address, <c>http(s)://host[:port]</c>. Null: the store is the user's own.</param>
    /// <param name="image">What the error is about.</param>
    /// <exception cref="FleetException"><c>InvalidRequest</c>: the store is no server.</exception>
    public static StoreTunnel To(string? endpoint, string image)
    {
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
            throw new FleetException("InvalidRequest", image, "The store is a directory; only a server can be reached through a tunnel.");
        string name = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost;
        return new StoreTunnel($"{name}:{address.Port.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>The port on the host, once ssh has said it. Call it when the host has answered.</summary>
    /// <exception cref="FleetException"><c>TunnelRefused</c>.</exception>
    public static async Task<int> PortAsync(EngineProcess ssh, HostAddress host, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            string said = ssh.Diagnostics;
            Match port = Allocated.Match(said);
            if (port.Success)
                return int.Parse(port.Groups[1].Value, CultureInfo.InvariantCulture);
            if (said.Contains(RefusedWords) || waited.Elapsed > Patience)
                throw new FleetException("TunnelRefused", host.Name, "The host's SSH server does not carry connections to this machine." + OutputTail.LastWords(said));
            await Task.Delay(Poll, cancellationToken).ConfigureAwait(false);
        }
    }
}
