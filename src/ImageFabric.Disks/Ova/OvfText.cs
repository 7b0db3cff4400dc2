using System.Text;
using System.Xml;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Ova;

/// <summary>The characters of a descriptor, in whatever encoding it is: by its byte order mark, otherwise by its own declaration (XML 1.0, appendix F).</summary>
internal static class OvfText
{
    private const int LongestDeclaration = 256;

    /// <exception cref="DiskException"><c>ImageCorrupt</c>: the encoding is not known, or is not the one of the bytes.</exception>
    public static string Decode(SourceFile file, byte[] content)
    {
        Encoding encoding = EncodingOf(file, content);
        try
        {
            return encoding.GetString(content).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException)
        {
            throw new DiskException("ImageCorrupt", file.Path, $"The OVF descriptor says that it is {encoding.WebName}, and is not.");
        }
    }

    private static Encoding EncodingOf(SourceFile file, byte[] content)
    {
        switch (content)
        {
            case [0xef, 0xbb, 0xbf, ..]: return Strict("utf-8");
            case [0xff, 0xfe, ..] or [(byte)'<', 0, ..]: return Strict("utf-16");
            case [0xfe, 0xff, ..] or [0, (byte)'<', ..]: return Strict("utf-16BE");
        }

        string start = Encoding.Latin1.GetString(content, 0, Math.Min(content.Length, LongestDeclaration));
        int end = start.IndexOf("?>", StringComparison.Ordinal);
        if (!start.StartsWith("<?xml", StringComparison.Ordinal) || end < 0)
            return Strict("utf-8");
        int at = start.IndexOf("encoding", StringComparison.Ordinal);
        string[] quoted = at < 0 || at > end ? [] : start[at..end].Split('"', '\'');
        string name = quoted.Length > 1 ? quoted[1] : "utf-8";
        try
        {
            return Strict(name);
        }
        catch (ArgumentException)
        {
            throw new DiskException("ImageCorrupt", file.Path, $"The OVF descriptor is in the encoding '{name}', which is not known.");
        }
    }

    private static Encoding Strict(string name) =>
        CodePagesEncodingProvider.Instance.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
        ?? Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);

    /// <summary>What is wrong with a descriptor, in words that say nothing of the program that found it.</summary>
    public static DiskException Malformed(SourceFile file, XmlException error)
    {
        string what = error.Message.Contains("DTD", StringComparison.Ordinal) ? "it has a document type, which is not read" : "it is cut or was changed by hand";
        string where = error.LineNumber > 0 ? $" (line {error.LineNumber}, column {error.LinePosition})" : "";
        return new DiskException("ImageCorrupt", file.Path, $"The OVF descriptor is not valid XML: {what}{where}.", innerException: error);
    }
}
