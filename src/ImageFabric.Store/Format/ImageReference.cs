using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace ImageFabric.Store.Format;

/// <summary>What a person types to name an image: <c>name:version</c>, or <c>name</c> alone for the newest version.</summary>
/// <param name="Name">Letters, digits, <c>.</c>, <c>_</c>, <c>-</c>; 1 to 128 characters; begins with a letter or digit.</param>
/// <param name="Version">The same characters. Null: the newest.</param>
public sealed partial record ImageReference(string Name, string? Version)
{
    /// <summary>The version that stands for the newest one and is never stored.</summary>
    public const string Latest = "latest";

    /// <summary>True when it names one version.</summary>
    [MemberNotNullWhen(true, nameof(Version))]
    public bool IsExact => Version is not null;

    /// <summary>Reads <c>name</c>, <c>name:version</c> or <c>name:latest</c>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ImageReference? reference)
    {
        reference = null;
        if (text is null)
            return false;
        string[] parts = text.Split(':');
        if (parts.Length > 2 || !parts.All(IsName))
            return false;
        reference = new ImageReference(parts[0], parts.Length == 1 || parts[1] == Latest ? null : parts[1]);
        return true;
    }

    /// <summary>True for a text that can be an image's name or version.</summary>
    public static bool IsName([NotNullWhen(true)] string? text) => text is not null && NamePattern().IsMatch(text);

    /// <inheritdoc/>
    public override string ToString() => $"{Name}:{Version ?? Latest}";

    // \z, not $: a line break at the end would be part of a key.
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,127}\z")]
    private static partial Regex NamePattern();
}
