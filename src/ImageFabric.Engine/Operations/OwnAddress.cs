using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Operations;

/// <summary>The address of this machine by which other hosts reach it.</summary>
internal static class OwnAddress
{
    /// <summary>
    /// An address in a network that the administrator named; otherwise where the SSH connection arrived, which is what the administrator's side accepts; where
    /// there is no such connection, where this machine would set out for the store.
    /// </summary>
    /// <param name="terms">What the administrator's side says.</param>
    /// <param name="cancellationToken">Stops the look-up of the store's name.</param>
    /// <returns>Null when there is none.</returns>
    public static async Task<IPAddress?> FindAsync(FanOutTerms terms, CancellationToken cancellationToken)
    {
        if (terms.Networks is { Length: > 0 } networks)
            return Within(networks);

        // "client-address client-port server-address server-port", sshd(8).
        string[] connection = (Environment.GetEnvironmentVariable("SSH_CONNECTION") ?? "").Split(' ');
        return connection.Length == 4 && IPAddress.TryParse(connection[2], out IPAddress? arrived)
            ? arrived
            : await TowardsAsync(terms.Route, cancellationToken).ConfigureAwait(false);
    }

    private static IPAddress? Within(string[] networks)
    {
        IPAddress[] own = [.. NetworkInterface.GetAllNetworkInterfaces().Where(static i => i.OperationalStatus == OperationalStatus.Up).SelectMany(static i => i.GetIPProperties().UnicastAddresses.Select(static a => a.Address))];
        return networks.Select(text => NetworkRange.TryParse(text, out NetworkRange? range) ? own.FirstOrDefault(range!.Contains) : null).FirstOrDefault(static address => address is not null);
    }

    private static async Task<IPAddress?> TowardsAsync(string? route, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(route, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            return null;
        try
        {
            foreach (IPAddress there in await Dns.GetHostAddressesAsync(address.IdnHost, cancellationToken).ConfigureAwait(false))
            {
                // Connecting a datagram socket sends nothing; the system only chooses the way.
                using var socket = new Socket(there.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                await socket.ConnectAsync(new IPEndPoint(there, address.Port), cancellationToken).ConfigureAwait(false);
                return ((IPEndPoint)socket.LocalEndPoint!).Address;
            }
        }
        catch (SocketException)
        {
            // Behind a proxy neither the name nor the way need be known here.
        }

        return null;
    }
}
