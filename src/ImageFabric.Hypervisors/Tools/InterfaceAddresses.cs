using System.Net;

namespace ImageFabric.Hypervisors.Tools;

/// <summary>Reads the table of <c>virsh domifaddr</c>: name, MAC address, protocol, address with prefix length.</summary>
internal static class InterfaceAddresses
{
    /// <summary>The addresses by which others may reach the guest: neither its own loopback nor link-local ones. IPv4 first, each once.</summary>
    public static IReadOnlyList<string> Parse(string table) =>
    [
        .. table.Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            // Further addresses of one interface have "-" in place of its name and MAC address.
            .Where(fields => fields.Length == 4 && fields[2] is "ipv4" or "ipv6")
            .Select(fields => fields[3].Split('/')[0])
            .Where(text => IPAddress.TryParse(text, out IPAddress? address) && IsReachable(address))
            .Distinct()
            .OrderBy(text => text.Contains(':', StringComparison.Ordinal)),
    ];

    private static bool IsReachable(IPAddress address) =>
        !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal && !address.ToString().StartsWith("169.254.", StringComparison.Ordinal);
}
