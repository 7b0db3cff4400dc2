using System.Diagnostics;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Copy;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Operations;

/// <summary>Published images from store to store. One that cannot be copied does not keep the others from it.</summary>
internal static class CopyOperation
{
    public static async Task RunAsync(CopyRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        if (request.Throttle is < 1 or > 64)
            throw new OperationException("InvalidRequest", null, $"The number of transfers is {request.Throttle}; it must be 1 to 64.");
        await using IObjectStore source = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<Manifest> images = await Images.FindAsync(source, request.Image, output, cancellationToken).ConfigureAwait(false);
        await using IObjectStore destination = request.PlanOnly
            ? await Stores.OpenForPlanningAsync(request.Destination, cancellationToken).ConfigureAwait(false)
            : await Stores.OpenForWritingAsync(request.Destination, cancellationToken).ConfigureAwait(false);
        var options = new CopyOptions { PlanOnly = request.PlanOnly, Transfers = request.Throttle ?? 4, Progress = new TransferReport(output, $"Copying {request.Image}") };
        ImageCopier copier = await ImageCopier.OpenAsync(source, destination, options, cancellationToken).ConfigureAwait(false);
        if (!copier.SameChunking)
            output.Warning($"{destination.Location} cuts disks in another way than {source.Location}: what is published there shares no data with what is copied.");
        foreach (Manifest image in images)
        {
            try
            {
                ImageTrust.Enforce(image, request.Store, output);
                ImageTrust.Enforce(image, request.Destination, output);
                await CopyAsync(copier, image, destination, request.PlanOnly, output, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException refused) when (refused.Id is "ImageExists" or "IndexCorrupt" or "ManifestCorrupt" or "PackCorrupt" or "ObjectMissing" or "ImageNotFound" or "PublishOvertaken" or "SignatureMissing" or "SignatureInvalid" or "SignerNotTrusted")
            {
                output.Error(Faults.Describe(refused));
            }
        }
    }

    private static async Task CopyAsync(ImageCopier copier, Manifest image, IObjectStore destination, bool planOnly, IEventOutput output, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        CopyOutcome outcome = await copier.CopyAsync(new ImageReference(image.Name, image.Version), cancellationToken).ConfigureAwait(false);
        long deltaBytes = await copier.CopyDeltasAsync(image, cancellationToken).ConfigureAwait(false);
        output.Result(new CopyResult
        {
            Image = $"{image.Name}:{image.Version}",
            ImageId = image.ImageId,
            Status = !outcome.Created ? CopyResult.AlreadyPresent : planOnly ? CopyResult.Planned : CopyResult.Copied,
            Destination = destination.Location,
            BytesCopied = outcome.BytesCopied + deltaBytes,
            BytesReused = outcome.BytesReused,
            PacksCopied = outcome.PacksCopied,
            PacksReused = outcome.PacksReused,
            DurationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        });
    }
}
