using System.Globalization;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;

namespace ImageFabric.Engine.Operations;

/// <summary>Images as requests name them and results describe them.</summary>
internal static class Images
{
    /// <summary>Reads <c>NAME[:VERSION]</c>.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public static ImageReference Parse(string? text) => ImageReference.TryParse(text, out ImageReference? image)
        ? image
        : throw new OperationException("InvalidRequest", text, $"'{text}' is not an image: NAME or NAME:VERSION, of letters, digits, '.', '_' and '-'.");

    /// <summary>Reads <c>NAME:VERSION</c>.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public static ImageReference ParseExact(string? text) => Parse(text) is { IsExact: true } image
        ? image
        : throw new OperationException("InvalidRequest", text, $"'{text}' names no version; 'latest' is not enough here.");

    public static ImageResult Describe(Manifest manifest) => new()
    {
        Name = manifest.Name,
        Version = manifest.Version,
        ImageId = manifest.ImageId,
        VirtualSize = manifest.VirtualSize,
        DataSize = manifest.DataSize,
        StoredSize = manifest.StoredSize,
        Published = manifest.Published.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        SourceFormat = manifest.SourceFormat,
        SectorSize = manifest.SectorSize,
        PartitionTable = manifest.PartitionTable,
        BootMode = manifest.BootMode,
        Index = manifest.Index,
        IndexSize = manifest.IndexSize,
        Labels = manifest.Labels is null ? null : new Dictionary<string, string>(manifest.Labels),
    };
}
