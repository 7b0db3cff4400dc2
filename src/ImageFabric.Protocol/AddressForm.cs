using System;
using System.Linq;
using System.Runtime.InteropServices;

namespace ImageFabric.Protocol;

/// <summary>Tells addresses from paths in what a person typed for a store or a disk image, and says what is wrong with what is neither.</summary>
public static class AddressForm
{
    private const string S3 = "s3://";

    private static readonly string[] SourceSchemes = ["https://", "http://", S3];

    // Never the beginning of a file's name that somebody means.
    private static readonly string[] KnownSchemes = ["s3", "http", "https", "ftp", "file"];

    /// <summary>True for <c>s3://…</c>, <c>https://…</c> and <c>http://…</c>: a disk image that is not a file of this machine.</summary>
    public static bool IsSourceAddress(string text) => SourceSchemes.Any(scheme => text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));

    /// <summary>A disk image's address as it may be shown: a user's password and a query, which may be a signature, are left out. A path as it is.</summary>
    public static string WithoutSecrets(string source)
    {
        if (!IsSourceAddress(source) || source.StartsWith(S3, StringComparison.OrdinalIgnoreCase))
            return source;
        int start = source.IndexOf("://", StringComparison.Ordinal) + 3;
        int end = source.IndexOfAny(['?', '#'], start);
        string shown = end < 0 ? source : source.Substring(0, end);
        int path = shown.IndexOf('/', start);
        int user = shown.LastIndexOf('@', (path < 0 ? shown.Length : path) - 1);
        return user < start ? shown : shown.Substring(0, start) + shown.Substring(user + 1);
    }

    /// <summary>Why a text names no store: neither <c>s3://bucket[/prefix]</c> nor a directory. Null: it may be one.</summary>
    public static string? WhyNoStore(string text)
    {
        if (text.StartsWith(S3, StringComparison.OrdinalIgnoreCase) || SchemeOf(text) is not { } scheme)
            return null;
        return scheme.ToLowerInvariant() switch
        {
            { Length: 1 } => $"'{text}' is a path of Windows, and this machine has no such drive. A store is a directory or s3://bucket[/prefix].",
            "s3" => $"'{text}' lacks a slash: a bucket is written s3://bucket[/prefix].",
            "http" or "https" => $"'{text}' is no store: a store is a directory or s3://bucket[/prefix]; the address of an S3 service is its endpoint.",
            _ => $"'{text}' is no store: a store is a directory or s3://bucket[/prefix]. A directory of that name is written ./{text}.",
        };
    }

    /// <summary>Why a text names no disk image: neither an address that can be read nor a file. Null: it may be one.</summary>
    public static string? WhyNoSource(string text)
    {
        const string Kinds = "an image is a file, https://…, http://… or s3://bucket/key";
        if (IsSourceAddress(text) || SchemeOf(text) is not { } scheme)
            return null;
        if (scheme.Length == 1)
            return $"'{text}' is a path of Windows, and this machine has no such drive: {Kinds}.";
        bool known = KnownSchemes.Contains(scheme, StringComparer.OrdinalIgnoreCase);
        if (scheme.Equals("s3", StringComparison.OrdinalIgnoreCase))
            return $"'{text}' lacks a slash: an object is written s3://bucket/key.";
        return known || text.IndexOf("://", StringComparison.Ordinal) == scheme.Length ? $"'{text}' is no image that can be read: {Kinds}." : null;
    }

    // RFC 3986, section 3.1. A letter and a colon is a drive of Windows.
    private static string? SchemeOf(string text)
    {
        int colon = text.IndexOf(':');
        if (colon < 1 || !IsLetter(text[0]) || !text.Take(colon).All(static c => IsLetter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))
            return null;
        bool drive = colon == 1 && (text.Length == 2 || text[2] == '\\' || text[2] == '/');
        return colon == 1 && (!drive || RuntimeInformation.IsOSPlatform(OSPlatform.Windows)) ? null : text.Substring(0, colon);
    }

    private static bool IsLetter(char c) => (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
