using System.Globalization;

namespace ImageFabric.Hypervisors.Machines;

/// <summary>The address of one network card.</summary>
/// <param name="Digits">Twelve upper-case hexadecimal digits.</param>
internal sealed record MacAddress(string Digits)
{
    private const int MulticastBit = 1;

    /// <summary>Six pairs with colons between them.</summary>
    public string WithColons => string.Join(':', Digits.Chunk(2).Select(static pair => new string(pair))).ToLowerInvariant();

    /// <summary>Reads six pairs of hexadecimal digits, with <c>:</c> or <c>-</c> between them or nothing.</summary>
    /// <param name="machine">The machine, for the error.</param>
    /// <param name="text">The address.</param>
    /// <exception cref="HypervisorException"><c>InvalidRequest</c>: it is no address of a single card.</exception>
    public static MacAddress Parse(string machine, string text)
    {
        string digits = text.Length == 17 && text[2] is ':' or '-' ? text.Replace(text[2].ToString(), "", StringComparison.Ordinal) : text;
        bool isAddress = digits.Length == 12 && digits.All(char.IsAsciiHexDigit) && digits.Any(c => c != '0')
            && (int.Parse(digits[..2], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & MulticastBit) == 0;
        return isAddress
            ? new MacAddress(digits.ToUpperInvariant())
            : throw new HypervisorException("InvalidRequest", machine, $"'{text}' is not the address of a network card: six pairs of hexadecimal digits, the first pair even.");
    }
}
