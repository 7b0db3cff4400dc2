namespace ImageFabric.Store.Format;

/// <summary>Where things lie in a store, relative to its prefix.</summary>
internal static class ObjectKeys
{
    public const string Repository = "imagefabric.json";
    public const string PackPrefix = "packs/";
    public const string IndexPrefix = "indexes/";
    public const string ImagePrefix = "images/";
    public const string MarkPrefix = "marks/";
    public const string TemporaryPrefix = "tmp/";
    public const string BundlePrefix = "catalog/";
    public const string DeltaPrefix = "deltas/";

    /// <summary>What the names of temporary objects begin with. The last is a directory store's own, of a file that is being written.</summary>
    private static readonly string[] TemporaryKinds = ["clock-", "health-", "probe-", "claim-", ".partial-"];

    private const string ManifestSuffix = ".json";

    public static string Pack(ReadOnlySpan<byte> digest) => Named(PackPrefix, digest);

    public static string Index(ReadOnlySpan<byte> digest) => Named(IndexPrefix, digest);

    /// <summary>Where the delta lies by which whoever has one image makes another.</summary>
    public static string Delta(ImageId from, ImageId to) => $"{DeltasTo(to)}{from.Hex}";

    /// <summary>What the keys of all deltas that lead to an image begin with.</summary>
    public static string DeltasTo(ImageId to) => $"{DeltaPrefix}{to.Hex}/";

    /// <summary>Between which images a delta leads, or null when the key is not a delta's.</summary>
    public static (ImageId From, ImageId To)? ImagesOfDelta(string key)
    {
        string[] parts = key.StartsWith(DeltaPrefix, StringComparison.Ordinal) ? key[DeltaPrefix.Length..].Split('/') : [];
        return parts.Length == 2 && ImageId.TryParseHex(parts[1], out ImageId from) && ImageId.TryParseHex(parts[0], out ImageId to) ? (from, to) : null;
    }

    public static string Manifest(string name, string version) => $"{ImagePrefix}{name}/{version}{ManifestSuffix}";

    /// <summary>The image a manifest's key stands for, or null when the key is not a manifest's.</summary>
    public static ImageReference? ImageOf(string key)
    {
        string[] parts = key.Split('/');
        return parts.Length == 3 && parts[0] + "/" == ImagePrefix && parts[2].EndsWith(ManifestSuffix, StringComparison.Ordinal) &&
            ImageReference.TryParse($"{parts[1]}:{parts[2][..^ManifestSuffix.Length]}", out ImageReference? image)
            ? image
            : null;
    }

    /// <summary>A name that nothing has had, for an object that its maker removes again.</summary>
    /// <param name="kind">One of the known kinds.</param>
    public static string NewTemporary(string kind) => $"{TemporaryPrefix}{kind}{Guid.NewGuid():N}";

    /// <summary>True for names that only a writer of this store gives. What else lies under <c>tmp/</c> is somebody else's.</summary>
    public static bool IsTemporary(string key)
    {
        if (!key.StartsWith(TemporaryPrefix, StringComparison.Ordinal))
            return false;
        string name = key[TemporaryPrefix.Length..];
        string? kind = Array.Find(TemporaryKinds, kind => name.StartsWith(kind, StringComparison.Ordinal));
        return kind is not null && name.Length - kind.Length is 32 or 64 && name.AsSpan(kind.Length).IndexOfAnyExcept("0123456789abcdef") < 0;
    }

    /// <summary>True for names of every kind of object that a store of images has.</summary>
    public static bool IsOurs(string key) =>
        key == Repository || IsData(key) || IsTemporary(key) || MarkedBy(key) is not null || ImageOf(key) is not null || ImagesOfDelta(key) is not null || BundleCount(key) >= 0;

    /// <summary>Where the mark of a pack or an index lies.</summary>
    public static string Mark(string key) => MarkPrefix + key;

    /// <summary>The key of the pack or index that a mark's key stands for, or null when it is no mark's.</summary>
    public static string? MarkedBy(string key) => key.StartsWith(MarkPrefix, StringComparison.Ordinal) && IsData(key[MarkPrefix.Length..]) ? key[MarkPrefix.Length..] : null;

    /// <summary>Where a bundle of so many manifests lies.</summary>
    public static string Bundle(int count, ReadOnlySpan<byte> digest) => $"{BundlePrefix}{count}-{Convert.ToHexStringLower(digest)}";

    /// <summary>How many manifests the bundle with a key holds, or -1 when the key is not a bundle's.</summary>
    public static int BundleCount(string key)
    {
        string[] parts = key.StartsWith(BundlePrefix, StringComparison.Ordinal) ? key[BundlePrefix.Length..].Split('-') : [];
        return parts.Length == 2 && ImageId.TryParseHex(parts[1], out _) && int.TryParse(parts[0], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int count) &&
            parts[0] == count.ToString(System.Globalization.CultureInfo.InvariantCulture)
            ? count
            : -1;
    }

    /// <summary>True for keys of packs and indexes.</summary>
    public static bool IsData(string key) => Digest(PackPrefix, key) is not null || Digest(IndexPrefix, key) is not null;

    /// <summary>The digest in a pack's key, or null when the key is not a pack's.</summary>
    public static byte[]? PackDigest(string key) => Digest(PackPrefix, key);

    /// <summary>The digest in an index's key, or null when the key is not an index's.</summary>
    public static byte[]? IndexDigest(string key) => Digest(IndexPrefix, key);

    private static byte[]? Digest(string prefix, string key)
    {
        if (key.Length != prefix.Length + 3 + 64 || !key.StartsWith(prefix, StringComparison.Ordinal))
            return null;
        string hex = key[^64..];
        return hex.All(char.IsAsciiHexDigitLower) && Named(prefix, Convert.FromHexString(hex)) == key ? Convert.FromHexString(hex) : null;
    }

    private static string Named(string prefix, ReadOnlySpan<byte> digest)
    {
        string hex = Convert.ToHexStringLower(digest);
        return $"{prefix}{hex.AsSpan(0, 2)}/{hex}";
    }
}
