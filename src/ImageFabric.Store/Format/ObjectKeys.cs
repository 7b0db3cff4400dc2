namespace ImageFabric.Store.Format;

/// <summary>Where things lie in a store, relative to its prefix.</summary>
internal static class ObjectKeys
{
    public const string Repository = "imagefabric.json";
    public const string PackPrefix = "packs/";
    public const string ImagePrefix = "images/";

    private const string ManifestSuffix = ".json";

    public static string Pack(ReadOnlySpan<byte> digest) => Named(PackPrefix, digest);

    public static string Index(ReadOnlySpan<byte> digest) => Named("indexes/", digest);

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

    /// <summary>The digest in a pack's key, or null when the key is not a pack's.</summary>
    public static byte[]? PackDigest(string key)
    {
        if (key.Length != PackPrefix.Length + 3 + 64 || !key.StartsWith(PackPrefix, StringComparison.Ordinal))
            return null;
        string hex = key[^64..];
        return hex.All(char.IsAsciiHexDigitLower) && Pack(Convert.FromHexString(hex)) == key ? Convert.FromHexString(hex) : null;
    }

    private static string Named(string prefix, ReadOnlySpan<byte> digest)
    {
        string hex = Convert.ToHexStringLower(digest);
        return $"{prefix}{hex.AsSpan(0, 2)}/{hex}";
    }
}
