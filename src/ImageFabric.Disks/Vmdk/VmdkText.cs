using System.Buffers.Binary;
using System.Text;

namespace ImageFabric.Disks.Vmdk;

/// <summary>
/// The lines of a descriptor as programs and people write them: UTF-8 or UTF-16, with or without a byte order mark, ended by LF, CR LF or CR. A NUL ends
/// the text; what follows it is padding.
/// </summary>
internal static class VmdkText
{
    /// <summary>Bytes of the text, padding left aside.</summary>
    public static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        (_, int first, int unit) = EncodingOf(bytes);
        for (int at = first; at + unit <= bytes.Length; at += unit)
        {
            if (!bytes.Slice(at, unit).ContainsAnyExcept((byte)0))
                return at;
        }

        return bytes.Length;
    }

    /// <summary>The lines, trimmed, and the byte at which each begins.</summary>
    public static IEnumerable<(string Line, int Offset)> Lines(ReadOnlyMemory<byte> text)
    {
        (Encoding encoding, int start, int unit) = EncodingOf(text.Span);
        for (int at = start; at < text.Length; at += unit)
        {
            if (at + unit < text.Length && !IsLineEnd(text.Span, at, encoding, unit))
                continue;
            int end = IsLineEnd(text.Span, at, encoding, unit) ? at : text.Length;
            yield return (encoding.GetString(text.Span[start..end]).Trim(), start);
            start = at + unit;
        }
    }

    /// <summary>True when the bytes that a file begins with are those of a descriptor.</summary>
    public static bool IsDescriptor(ReadOnlySpan<byte> start)
    {
        byte[] text = start[..LengthOf(start)].ToArray();
        bool leading = true;
        bool hasVersion = false;
        bool hasContentId = false;
        bool hasKind = false;
        foreach ((string line, _) in Lines(text))
        {
            if (leading && line.StartsWith('#') && Squeezed(line).StartsWith("#DISKDESCRIPTORFILE", StringComparison.Ordinal))
                return true;
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            leading = false;
            string entry = Squeezed(line);
            hasVersion |= entry.StartsWith("VERSION=", StringComparison.Ordinal);
            hasContentId |= entry.StartsWith("CID=", StringComparison.Ordinal) || entry.StartsWith("PARENTCID=", StringComparison.Ordinal);
            hasKind |= entry.StartsWith("CREATETYPE=", StringComparison.Ordinal);
            if (!hasVersion && !hasContentId && !hasKind && !entry.StartsWith("ENCODING=", StringComparison.Ordinal))
                return false;
            if ((hasVersion || hasContentId) && (hasKind || VmdkExtent.TryParse(line, out _)))
                return true;
        }

        return false;
    }

    private static string Squeezed(string line) => string.Concat(line.Where(static c => c is not (' ' or '\t'))).ToUpperInvariant();

    private static bool IsLineEnd(ReadOnlySpan<byte> text, int at, Encoding encoding, int unit)
    {
        if (at + unit > text.Length)
            return false;
        int value = unit == 1 ? text[at]
            : encoding == Encoding.Unicode ? BinaryPrimitives.ReadUInt16LittleEndian(text[at..]) : BinaryPrimitives.ReadUInt16BigEndian(text[at..]);
        return value is '\n' or '\r';
    }

    private static (Encoding Encoding, int Start, int Unit) EncodingOf(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]))
            return (Encoding.Unicode, 2, 2);
        if (text.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]))
            return (Encoding.BigEndianUnicode, 2, 2);
        if (text.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            return (Encoding.UTF8, 3, 1);

        // Without a mark: the letters of the first line are ASCII.
        return text.Length >= 4 && text[0] != 0 && text[1] == 0 && text[2] != 0 && text[3] == 0 ? (Encoding.Unicode, 0, 2)
            : text.Length >= 4 && text[0] == 0 && text[1] != 0 && text[2] == 0 && text[3] != 0 ? (Encoding.BigEndianUnicode, 0, 2)
            : (Encoding.UTF8, 0, 1);
    }
}
