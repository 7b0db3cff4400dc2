using System.CommandLine.Parsing;
using System.Globalization;

namespace ImageFabric.Engine.CommandLine;

/// <summary>Reads sizes: a number of bytes, or one with K, M, G or T for powers of 1024 (<c>2G</c>, <c>512MiB</c>, <c>1.5GB</c>).</summary>
internal static class SizeArgument
{
    public static long? Parse(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (TryParse(text, out long bytes))
            return bytes;
        argument.AddError($"'{text}' is not a size: a number of bytes, or one with K, M, G or T, such as 20G.");
        return null;
    }

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string number = text.TrimEnd('B', 'b').TrimEnd('i');
        int power = number.Length == 0 ? -1 : "KMGT".IndexOf(char.ToUpperInvariant(number[^1]), StringComparison.Ordinal);
        if (power >= 0)
            number = number[..^1];
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) || value > long.MaxValue >> (10 * (power + 1)))
            return false;
        bytes = (long)(value * (1L << (10 * (power + 1))));
        return true;
    }
}
