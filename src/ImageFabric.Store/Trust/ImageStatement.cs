using System.Globalization;
using System.Text;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Trust;

/// <summary>
/// What a signature is over: all that a manifest says of an image, but for where its chunks lie, so that packs and indexes may be rewritten under a
/// signature. Store format, "Signature".
/// </summary>
public sealed record ImageStatement
{
    /// <summary>Name of the image.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the image.</summary>
    public required string Version { get; init; }

    /// <summary><c>sha256:…</c> of the content.</summary>
    public required string ImageId { get; init; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    public required long VirtualSize { get; init; }

    /// <summary>Bytes of the disk that are not holes.</summary>
    public required long DataSize { get; init; }

    /// <summary>When it was published, UTC, to the millisecond: <c>yyyy-MM-ddTHH:mm:ss.fffZ</c>.</summary>
    public required string Published { get; init; }

    /// <summary>Format of the file it was published from.</summary>
    public required string SourceFormat { get; init; }

    /// <summary>Bytes of a logical sector of the disk. Null: 512.</summary>
    public int? SectorSize { get; init; }

    /// <summary><c>GPT</c> or <c>MBR</c>. Null: none.</summary>
    public string? PartitionTable { get; init; }

    /// <summary><c>BIOS</c>, <c>UEFI</c> or <c>BIOS+UEFI</c>. Null: not known.</summary>
    public string? BootMode { get; init; }

    /// <summary>Free labels. Null: none.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary><c>name:version</c>.</summary>
    public string Image => $"{Name}:{Version}";

    /// <summary>The statement of a manifest.</summary>
    public static ImageStatement Of(Manifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return new ImageStatement
        {
            Name = manifest.Name,
            Version = manifest.Version,
            ImageId = manifest.ImageId,
            VirtualSize = manifest.VirtualSize,
            DataSize = manifest.DataSize,
            Published = manifest.PublishedText,
            SourceFormat = manifest.SourceFormat,
            SectorSize = manifest.SectorSize,
            PartitionTable = manifest.PartitionTable,
            BootMode = manifest.BootMode,
            Labels = manifest.Labels,
        };
    }

    /// <summary>The canonical bytes: a JSON object in the form of RFC 8785. What is null, and labels when there are none, is left out.</summary>
    public byte[] CanonicalBytes()
    {
        var members = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["dataSize"] = Number(DataSize),
            ["format"] = Number(RepositoryDescription.CurrentFormat),
            ["imageId"] = Quoted(ImageId),
            ["name"] = Quoted(Name),
            ["published"] = Quoted(Published),
            ["sourceFormat"] = Quoted(SourceFormat),
            ["version"] = Quoted(Version),
            ["virtualSize"] = Number(VirtualSize),
        };
        if (BootMode is not null)
            members["bootMode"] = Quoted(BootMode);
        if (Labels is { Count: > 0 })
            members["labels"] = Object(new SortedDictionary<string, string>(Labels.ToDictionary(static l => l.Key, static l => Quoted(l.Value)), StringComparer.Ordinal));
        if (PartitionTable is not null)
            members["partitionTable"] = Quoted(PartitionTable);
        if (SectorSize is { } sector)
            members["sectorSize"] = Number(sector);

        // Throws for half of a surrogate pair, which RFC 8785 has no form for.
        return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetBytes(Object(members));
    }

    // Ordinal order is that of UTF-16 code units, which RFC 8785 (3.2.3) wants.
    private static string Object(SortedDictionary<string, string> members) => $"{{{string.Join(',', members.Select(static m => $"{Quoted(m.Key)}:{m.Value}"))}}}";

    // Sizes are whole numbers below 2^53, which ECMAScript writes like this.
    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    // RFC 8785, 3.2.2.2.
    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"", text.Length + 2);
        foreach (char c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\b' => "\\b",
                '\t' => "\\t",
                '\n' => "\\n",
                '\f' => "\\f",
                '\r' => "\\r",
                < ' ' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
