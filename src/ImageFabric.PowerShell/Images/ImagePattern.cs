using System.Management.Automation;
using System.Text.RegularExpressions;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary><c>NAME[:VERSION]</c> with PowerShell's wildcards. The engine knows <c>*</c> and <c>?</c>; character sets are matched here.</summary>
internal sealed class ImagePattern
{
    private const string Latest = "latest";

    private readonly WildcardPattern? _name;
    private readonly WildcardPattern? _version;

    public ImagePattern(string pattern)
    {
        Query = pattern == "*" ? null : Regex.Replace(pattern, @"\[[^\]]*\]", "?");
        if (Query is null || Query == pattern)
            return;
        int colon = pattern.IndexOf(':');
        _name = NamePattern.Parse(colon < 0 ? pattern : pattern.Substring(0, colon));
        string version = colon < 0 ? "*" : pattern.Substring(colon + 1);
        _version = version == Latest ? null : NamePattern.Parse(version);
    }

    /// <summary>What to ask the engine for. Null: everything.</summary>
    public string? Query { get; }

    /// <summary>True when what the engine found is meant.</summary>
    public bool Matches(ImageResult image) => _name?.IsMatch(image.Name) != false && _version?.IsMatch(image.Version) != false;
}
