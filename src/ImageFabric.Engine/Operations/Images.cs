using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Deltas;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;
using ImageFabric.Store.Trust;

namespace ImageFabric.Engine.Operations;

/// <summary>Images as requests name them and results describe them.</summary>
internal static partial class Images
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

    /// <summary>A pattern of images, if there can be images that it fits.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public static string? CheckPattern(string? text) => text is null || PatternForm().IsMatch(text)
        ? text
        : throw new OperationException("InvalidRequest", text, $"'{text}' can be no image: NAME or NAME:VERSION, of letters, digits, '.', '_' and '-', with the wildcards * and ?.");

    /// <summary>The published images that a pattern means: the one it names, or all that fit where it has the wildcards <c>*</c> or <c>?</c>.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    /// <exception cref="StoreException"><c>ImageNotFound</c> for a name without wildcards, and what the store gives.</exception>
    public static async Task<IReadOnlyList<Manifest>> FindAsync(IObjectStore store, string? pattern, IEventOutput output, CancellationToken cancellationToken)
    {
        var catalog = new ImageCatalog(store);
        if (pattern is not null && pattern.AsSpan().IndexOfAny('*', '?') < 0)
            return [await catalog.ResolveAsync(Parse(pattern), cancellationToken).ConfigureAwait(false)];
        return await catalog.ListAsync(CheckPattern(pattern), damage => output.Error(Faults.Describe(damage)), cancellationToken).ConfigureAwait(false);
    }

    public static ImageResult Describe(Manifest manifest) => new()
    {
        Name = manifest.Name,
        Version = manifest.Version,
        ImageId = manifest.ImageId,
        VirtualSize = manifest.VirtualSize,
        DataSize = manifest.DataSize,
        StoredSize = manifest.StoredSize,
        Published = manifest.PublishedText,
        SourceFormat = manifest.SourceFormat,
        SectorSize = manifest.SectorSize,
        PartitionTable = manifest.PartitionTable,
        BootMode = manifest.BootMode,
        Index = manifest.Index,
        IndexSize = manifest.IndexSize,
        Labels = manifest.Labels is null ? null : new Dictionary<string, string>(manifest.Labels),
        Signature = manifest.Signature,
    };

    /// <summary>The same with who signed it, which costs a look into the signature. Whether the signature is good is not looked at.</summary>
    public static ImageResult DescribeWithSigner(Manifest manifest)
    {
        ImageResult image = Describe(manifest);
        if (manifest.Signature is null)
            return image;
        using X509Certificate2? signer = ImageSignature.TryReadSigner(ImageStatement.Of(manifest), manifest.Signature);
        image.SignerSubject = signer?.Subject;
        image.SignerThumbprint = signer?.GetCertHashString(HashAlgorithmName.SHA256);
        return image;
    }

    /// <summary>The deltas that lead to an image; null when there are none.</summary>
    public static async Task<ImageDelta[]?> DeltasAsync(IObjectStore store, Manifest manifest, CancellationToken cancellationToken)
    {
        if (!ImageId.TryParse(manifest.ImageId, out ImageId id))
            return null;
        IReadOnlyList<PullDelta> deltas = await StoredDeltas.ListAsync(store, id, cancellationToken).ConfigureAwait(false);
        return deltas.Count == 0 ? null : [.. deltas.Select(static d => new ImageDelta { From = d.From.ToString(), Length = d.Length })];
    }

    /// <summary>The deltas that a request tells of; one whose image id is none is left out.</summary>
    public static IReadOnlyList<PullDelta> Deltas(ImageResult image)
    {
        var deltas = new List<PullDelta>();
        foreach (ImageDelta delta in image.Deltas ?? [])
        {
            if (ImageId.TryParse(delta.From, out ImageId from))
                deltas.Add(new PullDelta(from, delta.Length));
        }

        return deltas;
    }

    /// <summary>What a signature of an image is over.</summary>
    public static ImageStatement Statement(ImageResult image) => new()
    {
        Name = image.Name,
        Version = image.Version,
        ImageId = image.ImageId,
        VirtualSize = image.VirtualSize,
        DataSize = image.DataSize,
        Published = image.Published,
        SourceFormat = image.SourceFormat,
        SectorSize = image.SectorSize,
        PartitionTable = image.PartitionTable,
        BootMode = image.BootMode,
        Labels = image.Labels,
    };

    [GeneratedRegex(@"\A[A-Za-z0-9._*?-]+(:[A-Za-z0-9._*?-]+)?\z")]
    private static partial Regex PatternForm();
}
