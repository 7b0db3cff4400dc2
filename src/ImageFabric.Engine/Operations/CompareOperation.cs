using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Compare;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Operations;

/// <summary>Two published images, of one store or of two, side by side.</summary>
internal static class CompareOperation
{
    public static async Task RunAsync(CompareRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        ImageReference first = Images.Parse(request.Reference);
        ImageReference second = Images.Parse(request.Difference);
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        await using IObjectStore? otherStore = request.DifferenceStore is null ? null : await Stores.OpenForReadingAsync(request.DifferenceStore, cancellationToken).ConfigureAwait(false);
        (Manifest reference, ImageIndex referenceIndex) = await ReadAsync(store, first, cancellationToken).ConfigureAwait(false);
        (Manifest difference, ImageIndex differenceIndex) = await ReadAsync(otherStore ?? store, second, cancellationToken).ConfigureAwait(false);
        if (referenceIndex.Profile != differenceIndex.Profile)
            output.Warning("The two images were cut into chunks in different ways, so that equal data is not recognised.");
        ImageComparison found = ImageComparison.Of(referenceIndex, differenceIndex);
        output.Result(new CompareResult
        {
            Reference = $"{reference.Name}:{reference.Version}",
            Difference = $"{difference.Name}:{difference.Version}",
            ReferenceId = reference.ImageId,
            DifferenceId = difference.ImageId,
            SharedBytes = found.SharedBytes,
            NewBytes = found.NewBytes,
            RemovedBytes = found.RemovedBytes,
            BytesToFetch = reference.ImageId == difference.ImageId ? 0 : found.NewStoredBytes + difference.IndexSize,
        });
    }

    private static async Task<(Manifest Manifest, ImageIndex Index)> ReadAsync(IObjectStore store, ImageReference image, CancellationToken cancellationToken)
    {
        Manifest manifest = await new ImageCatalog(store).ResolveAsync(image, cancellationToken).ConfigureAwait(false);
        return (manifest, await ImageCatalog.ReadIndexAsync(store, manifest, cancellationToken).ConfigureAwait(false));
    }
}
