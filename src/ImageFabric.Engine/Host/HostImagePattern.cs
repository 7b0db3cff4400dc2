using System.IO.Enumeration;
using ImageFabric.Engine.Operations;
using ImageFabric.Store.Format;

namespace ImageFabric.Engine.Host;

/// <summary>
/// What a request names of a host's images: <c>NAME[:VERSION]</c> with the wildcards <c>*</c> and <c>?</c>, or an image id. <c>*</c> alone means all, also
/// what has no name.
/// </summary>
internal sealed class HostImagePattern
{
    private readonly string text;
    private readonly string name;
    private readonly string version;
    private readonly ImageId? id;

    public HostImagePattern(string? text)
    {
        if (string.IsNullOrEmpty(text))
            throw new OperationException("InvalidRequest", text, "The request names no image.");
        this.text = text;
        if (ImageId.TryParse(text, out ImageId parsed))
            id = parsed;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        (name, version) = colon < 0 ? (text, "*") : (text[..colon], text[(colon + 1)..]);
    }

    /// <summary>True when something of that name is expected to be there, so that its absence is an error.</summary>
    public bool IsPlain => !text.AsSpan().ContainsAny('*', '?');

    /// <summary>True when one image is meant, so that it is an error when it cannot be removed.</summary>
    public bool IsExact => IsPlain && (id is not null || text.Contains(':', StringComparison.Ordinal));

    public bool Matches(HostImageEntry entry)
    {
        if (id is not null)
            return entry.File.Id == id;
        if (entry.Record is null)
            return text == "*";
        return FileSystemName.MatchesSimpleExpression(name, entry.Record.Name) && FileSystemName.MatchesSimpleExpression(version, entry.Record.Version);
    }

    public override string ToString() => text;
}
