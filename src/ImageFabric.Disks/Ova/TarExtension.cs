using System.Globalization;
using System.Text;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Ova;

/// <summary>What extended headers say of the member that follows them. POSIX.1-2001, "pax Extended Header".</summary>
internal sealed class TarExtension
{
    /// <summary>The member's name; null when its own header has it.</summary>
    public string? Name { get; private set; }

    /// <summary>The member's length in bytes; null when its own header has it.</summary>
    public long? Length { get; private set; }

    /// <summary>The text in a field, up to its first NUL.</summary>
    public static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    /// <summary>Takes in an extended header.</summary>
    /// <param name="file">The archive.</param>
    /// <param name="type"><c>x</c>, <c>g</c>, <c>L</c> or <c>K</c>.</param>
    /// <param name="content">Its data.</param>
    /// <param name="offset">Where they are.</param>
    /// <exception cref="DiskException"><c>ImageCorrupt</c> or <c>FormatFeatureNotSupported</c>.</exception>
    public void Read(SourceFile file, char type, ReadOnlySpan<byte> content, long offset)
    {
        if (type == 'L')
            Name = Text(content);
        if (type is 'L' or 'K')
            return;

        // Each record: its length in decimal, a space, key=value, a newline.
        for (int at = 0; at < content.Length;)
        {
            ReadOnlySpan<byte> rest = content[at..];
            int space = rest.IndexOf((byte)' ');
            if (space < 1 || !int.TryParse(rest[..space], NumberStyles.None, CultureInfo.InvariantCulture, out int length) ||
                length <= space + 1 || length > rest.Length || rest[length - 1] != '\n')
                throw Corrupt(file, offset + at);
            ReadRecord(file, type, Encoding.UTF8.GetString(rest[(space + 1)..(length - 1)]), offset + at);
            at += length;
        }
    }

    private static DiskException Corrupt(SourceFile file, long offset) => new("ImageCorrupt", file.Path, "An extended header of the archive is malformed.", offset);

    private void ReadRecord(SourceFile file, char type, string record, long offset)
    {
        int equals = record.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1)
            throw Corrupt(file, offset);
        string key = record[..equals];
        string value = record[(equals + 1)..];
        if (key.StartsWith("GNU.sparse.", StringComparison.Ordinal) || (type == 'g' && key is "path" or "size"))
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"The archive uses the extension {key}, which is not read.", offset);
        if (key == "path")
            Name = value;
        if (key == "size")
            Length = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size : throw Corrupt(file, offset);
    }
}
