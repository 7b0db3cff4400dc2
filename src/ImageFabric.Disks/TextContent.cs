using System.Text;

namespace ImageFabric.Disks;

/// <summary>Tells text from disks: a web page, a pointer or a log that was saved in place of an image.</summary>
internal static class TextContent
{
    private const int Looked = 4096;
    private const int ShortestText = 8;

    /// <summary>What kind of text the file begins with; null for bytes that are none.</summary>
    public static string? KindOf(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> part = start[..Math.Min(start.Length, Looked)];
        string? text = part is [0xff, 0xfe, ..] ? Wide(part[2..], Encoding.Unicode) : part is [0xfe, 0xff, ..] ? Wide(part[2..], Encoding.BigEndianUnicode) : Narrow(part);
        if (text is null)
            return null;
        text = text.TrimStart('\ufeff', ' ', '\t', '\r', '\n');
        return text.Contains("<html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) ? "text (HTML: a web page)"
            : text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase) ? "text (XML)"
            : text.StartsWith("version https://git-lfs", StringComparison.Ordinal) ? "text (a Git LFS pointer: 'git lfs pull' gets the file itself)"
            : text.StartsWith('{') || text.StartsWith('[') ? "text (such as JSON)"
            : "text (such as YAML or a log)";
    }

    private static string? Wide(ReadOnlySpan<byte> part, Encoding encoding)
    {
        string text = encoding.GetString(part[..(part.Length & ~1)]).TrimEnd('\0');
        return text.Length >= ShortestText && !text.Any(static c => c == '\ufffd' || (char.IsControl(c) && !char.IsWhiteSpace(c))) ? text : null;
    }

    // Zeros behind it fill a sector. Bytes above 0x7f are letters in most encodings, so only text that is mostly ASCII counts.
    private static string? Narrow(ReadOnlySpan<byte> part)
    {
        ReadOnlySpan<byte> text = part.TrimEnd((byte)0);
        int beyond = 0;
        foreach (byte value in text)
        {
            if (value is 0x7f or (< 0x20 and not (0x09 or 0x0a or 0x0c or 0x0d or 0x1b)))
                return null;
            beyond += value > 0x7f ? 1 : 0;
        }

        return text.Length >= ShortestText && beyond * 4 < text.Length ? Encoding.Latin1.GetString(text) : null;
    }
}
