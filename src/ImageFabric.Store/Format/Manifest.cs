using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImageFabric.Store.Format;

/// <summary>The object <c>images/name/version.json</c>: what a published version is. Store format, "Manifest".</summary>
public sealed record Manifest
{
    /// <summary>Version of the store format: 1.</summary>
    public required int Format { get; init; }

    /// <summary>Name of the image.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the image.</summary>
    public required string Version { get; init; }

    /// <summary><c>sha256:…</c> of the content.</summary>
    public required string ImageId { get; init; }

    /// <summary>Key of the index object.</summary>
    public required string Index { get; init; }

    /// <summary>Size of the index object in bytes.</summary>
    public required long IndexSize { get; init; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    public required long VirtualSize { get; init; }

    /// <summary>Bytes of the disk that are not holes.</summary>
    public required long DataSize { get; init; }

    /// <summary>Bytes of compressed frames that a host without any seed fetches.</summary>
    public required long StoredSize { get; init; }

    /// <summary>When it was published.</summary>
    public required DateTimeOffset Published { get; init; }

    /// <summary>Format of the file it was published from.</summary>
    public required string SourceFormat { get; init; }

    /// <summary>Bytes of a logical sector of the disk. Null: 512.</summary>
    public int? SectorSize { get; init; }

    /// <summary><c>GPT</c> or <c>MBR</c>. Null: the disk has no partition table.</summary>
    public string? PartitionTable { get; init; }

    /// <summary>How a machine boots from the disk: <c>BIOS</c>, <c>UEFI</c> or <c>BIOS+UEFI</c>. Null: not known.</summary>
    public string? BootMode { get; init; }

    /// <summary>Free labels given at publishing.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The signature over what the manifest says, a CMS object in base64. Null: it is not signed. Store format, "Signature".</summary>
    public string? Signature { get; init; }

    /// <summary><see cref="Published"/> as it is told and signed: UTC, to the millisecond.</summary>
    [JsonIgnore]
    public string PublishedText => Published.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    internal ImageReference Reference => new(Name, Version);

    /// <summary>The manifest as an object of the store. What no reader takes is not written.</summary>
    /// <exception cref="StoreException"><c>InvalidRequest</c>: what is to be said of the image makes no manifest.</exception>
    internal byte[] Serialize()
    {
        if (Contradiction(ObjectKeys.Manifest(Name, Version)) is { } wrong)
            throw new StoreException("InvalidRequest", Reference.ToString(), $"Nobody could read {Reference}: {wrong}.");
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(this, FormatJson.Default.Manifest);
        return json.Length <= FormatLimits.LongestDocument
            ? json
            : throw new StoreException("InvalidRequest", Reference.ToString(), $"Nobody could read {Reference}: with its labels the manifest has {json.Length} bytes, and {FormatLimits.LongestDocument} are allowed.");
    }

    /// <summary>Reads and checks a manifest.</summary>
    /// <exception cref="StoreException"><c>ManifestCorrupt</c>, <c>StoreFormatNotSupported</c>.</exception>
    internal static Manifest Parse(ReadOnlySpan<byte> json, string key)
    {
        Manifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(json, FormatJson.Default.Manifest);
        }
        catch (JsonException malformed)
        {
            throw new StoreException("ManifestCorrupt", key, $"The manifest {key} cannot be read: {malformed.Message}", malformed);
        }

        if (manifest is null || manifest.Format < 1)
            throw new StoreException("ManifestCorrupt", key, $"The manifest {key} says nothing.");
        if (manifest.Format != RepositoryDescription.CurrentFormat)
            throw new StoreException("StoreFormatNotSupported", key, $"The manifest {key} is of format {manifest.Format}; this program reads {RepositoryDescription.CurrentFormat}.");
        return manifest.Contradiction(key) is { } wrong
            ? throw new StoreException("ManifestCorrupt", key, $"The manifest {key} contradicts its place or itself: {wrong}.")
            : manifest;
    }

    // Null: nothing. Every member is checked before anything uses it; a key is exactly one of its kind, since paths and requests are made of it.
    private string? Contradiction(string key)
    {
        if (!ImageReference.IsName(Name) || !ImageReference.IsName(Version) || Version == ImageReference.Latest || ObjectKeys.Manifest(Name, Version) != key)
            return "name and version are not those of its key";
        if (!ImageIndex.MayBe(Index, IndexSize))
            return "what it names as its index cannot be one";
        if (!Store.Format.ImageId.TryParse(ImageId, out _))
            return "its image id is none";
        if (VirtualSize is <= 0 or > FormatLimits.LargestDisk || DataSize < 0 || DataSize > VirtualSize || StoredSize is < 0 or > 2 * FormatLimits.LargestDisk || SectorSize is <= 0 or > FormatLimits.LongestSector)
            return "its sizes are out of bounds";
        if (Published < FormatLimits.EarliestTime || Published > FormatLimits.LatestTime)
            return "no image was published then";
        if (Signature?.Length > FormatLimits.LongestSignature)
            return $"its signature has more than {FormatLimits.LongestSignature} characters";
        return Labels?.Any(static label => !IsText(label.Key) || !IsText(label.Value)) == true ? "a label is no text, or has a NUL or half of a surrogate pair in it" : null;
    }

    private static bool IsText(string? text)
    {
        if (text is null || text.Contains('\0', StringComparison.Ordinal))
            return false;
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
                return false;
        }

        return true;
    }
}

/// <summary>JSON of the store's documents, generated so that the trimmed engine keeps what it needs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(RepositoryDescription))]
[JsonSerializable(typeof(Collect.ObjectMark))]
internal sealed partial class FormatJson : JsonSerializerContext;
