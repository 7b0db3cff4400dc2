using System.Net;
using System.Net.Sockets;

namespace ImageFabric.Engine.Operations;

/// <summary>The address of this machine by which other hosts reach it.</summary>
internal static class OwnAddress
{
    /// <summary>
    /// Where this machine would set out for the store, since hosts that share a store share a network; where the SSH connection arrived when the store is
    /// not a server, or this machine itself.
    /// </summary>
    /// <param name="route">The store's address, <c>http(s)://host[:port]</c>; null when it is no server's.</param>
    /// <param name="cancellationToken">Stops the look-up of its name.</param>
    /// <returns>Null when there is none.</returns>
    public static async Task<IPAddress?> FindAsync(string? route, CancellationToken cancellationToken)
    {
        IPAddress? towardsStore = await TowardsAsync(route, cancellationToken).ConfigureAwait(false);
        if (towardsStore is not null && !IPAddress.IsLoopback(towardsStore))
            return towardsStore;

        // "client-address client-port server-address server-port", sshd(8).
        string[] connection = (Environment.GetEnvironmentVariable("SSH_CONNECTION") ?? "").Split(' ');
        return connection.Length == 4 && IPAddress.TryParse(connection[2], out IPAddress? arrived) ? arrived : towardsStore;
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
