using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ImageFabric.Engine.CommandLine;

/// <summary>Reads sizes: a number of bytes, or one with K, M, G or T for powers of 1024 (<c>2G</c>, <c>512MiB</c>, <c>1.5GB</c>).</summary>
internal static partial class SizeArgument
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
        Match match = Form().Match(text);
        if (!match.Success || !decimal.TryParse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value))
            return false;
        int power = match.Groups["unit"].Success ? "KMGT".IndexOf(char.ToUpperInvariant(match.Groups["unit"].ValueSpan[0]), StringComparison.Ordinal) + 1 : 0;
        if (value > long.MaxValue >> (10 * power))
            return false;
        bytes = (long)(value * (1L << (10 * power)));
        return true;
    }

    // Only a unit can be divided.
    [GeneratedRegex(@"\A((?<number>[0-9]+(\.[0-9]+)?)(?<unit>[KMGT])(i?B)?|(?<number>[0-9]+)B?)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
