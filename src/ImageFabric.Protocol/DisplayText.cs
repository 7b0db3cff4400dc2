using System.Globalization;
using System.Text;

namespace ImageFabric.Protocol;

/// <summary>
/// Text from outside (hosts, stores, sources, certificates) as it may be shown: what would steer a terminal, or turn the order of what is read, is shown as
/// its code.
/// </summary>
public static class DisplayText
{
    /// <summary>The text without control characters but line feed and tab, and without marks of writing direction.</summary>
    public static string Harmless(string text)
    {
        int first = 0;
        while (first < text.Length && IsHarmless(text, first))
            first++;
        if (first == text.Length)
            return text;
        var shown = new StringBuilder(text.Length + 16).Append(text, 0, first);
        for (int i = first; i < text.Length; i++)
        {
            if (IsHarmless(text, i))
                shown.Append(text[i]);
            else if (text[i] != '\r' || i + 1 == text.Length || text[i + 1] != '\n')
                shown.Append("\\u").Append(((int)text[i]).ToString("x4", CultureInfo.InvariantCulture));
        }

        return shown.ToString();
    }

    private static bool IsHarmless(string text, int index)
    {
        char c = text[index];
        if (c is '\n' or '\t')
            return true;
        if (char.IsHighSurrogate(c))
            return index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]);
        if (char.IsLowSurrogate(c))
            return index > 0 && char.IsHighSurrogate(text[index - 1]);

        // Unicode's bidirectional controls: UAX #9, section 2.
        return !char.IsControl(c) && c is not ((>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f' or '\u061c');
    }
}
