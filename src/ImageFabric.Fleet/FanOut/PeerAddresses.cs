using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// The addresses at which a host of a fan-out may be asked for pieces by others: the one it was reached by, or one in a network that the administrator named.
/// Anything else would let a host send all others to connect wherever it likes.
/// </summary>
internal sealed class PeerAddresses
{
    private readonly IReadOnlyList<NetworkRange> _networks;
    private readonly HashSet<IPAddress> _addresses;

    private PeerAddresses(IReadOnlyList<NetworkRange> networks, IEnumerable<IPAddress> addresses)
    {
        _networks = networks;
        _addresses = [.. addresses.Select(Plain)];
    }

    /// <summary>The addresses of a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="networks">Those that the administrator named; without any, the host's own name decides.</param>
    /// <param name="sshPath">The ssh that knows what a name of ssh_config leads to. Null: the one on PATH.</param>
    /// <param name="cancellationToken">Stops the look-up.</param>
    public static async Task<PeerAddresses> OfAsync(HostAddress host, IReadOnlyList<NetworkRange> networks, string? sshPath, CancellationToken cancellationToken)
    {
        if (networks.Count > 0)
            return new PeerAddresses(networks, []);
        if (host.IsLocal)
            return new PeerAddresses([], NetworkInterface.GetAllNetworkInterfaces().SelectMany(static i => i.GetIPProperties().UnicastAddresses.Select(static a => a.Address)));
        if (await LookUpAsync(host.Name).ConfigureAwait(false) is { Length: > 0 } found)
            return new PeerAddresses([], found);
        string? real = host.Scripts is null ? await SshClient.RealNameAsync(host, sshPath, cancellationToken).ConfigureAwait(false) : null;
        return new PeerAddresses([], real is null ? [] : await LookUpAsync(real).ConfigureAwait(false));
    }

    /// <summary>True when others may be sent to this address.</summary>
    public bool Accepts(IPAddress address) => _networks.Any(network => network.Contains(address)) || _addresses.Contains(Plain(address));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static async Task<IPAddress[]> LookUpAsync(string name)
    {
        try
        {
            return IPAddress.TryParse(name, out IPAddress? address) ? [address] : await Dns.GetHostAddressesAsync(name).ConfigureAwait(false);
        }
        catch (Exception unknown) when (unknown is SocketException or ArgumentException)
        {
            return [];
        }
    }
}
