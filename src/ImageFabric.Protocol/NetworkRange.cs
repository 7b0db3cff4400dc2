using System.Globalization;
using System.Net;

namespace ImageFabric.Protocol;

/// <summary>A range of IP addresses in CIDR notation, such as <c>10.1.0.0/16</c> (RFC 4632, section 3.1; RFC 4291, section 2.3), or a single address.</summary>
public sealed class NetworkRange
{
    private readonly byte[] _prefix;
    private readonly int _length;

    private NetworkRange(byte[] prefix, int length)
    {
        _prefix = prefix;
        _length = length;
    }

    /// <summary>Reads a range.</summary>
    /// <param name="text">An address, with or without <c>/</c> and the length of the prefix in bits.</param>
    /// <param name="range">The range; null when the text is none.</param>
    public static bool TryParse(string? text, out NetworkRange? range)
    {
        range = null;
        string[] parts = (text ?? "").Split('/');
        if (parts.Length > 2 || !IPAddress.TryParse(parts[0], out IPAddress? address) || address.ToString() != parts[0].ToLowerInvariant())
            return false;
        byte[] prefix = address.GetAddressBytes();
        int length = prefix.Length * 8;
        if (parts.Length == 2 && (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > prefix.Length * 8))
            return false;
        range = new NetworkRange(prefix, length);
        return true;
    }

    /// <summary>True for an address within the range; an IPv4 address may be written as IPv6.</summary>
    public bool Contains(IPAddress address)
    {
        byte[] bytes = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();
        if (bytes.Length != _prefix.Length)
            return false;
        for (int bit = 0; bit < _length; bit++)
        {
            int mask = 0x80 >> (bit % 8);
            if (((bytes[bit / 8] ^ _prefix[bit / 8]) & mask) != 0)
                return false;
        }

        return true;
    }
}
