using System.Diagnostics;
using ImageFabric.Disks;
using ImageFabric.Disks.Compression;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Deltas;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Publish;
using ImageFabric.Store.Trust;

namespace ImageFabric.Engine.Operations;

/// <summary>Disk image file to store.</summary>
internal static class PublishOperation
{
    public static async Task RunAsync(PublishRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        if (!ImageReference.IsName(request.Name) || !ImageReference.IsName(request.Version) || request.Version == ImageReference.Latest)
            throw new OperationException("InvalidRequest", $"{request.Name}:{request.Version}", $"'{request.Name}:{request.Version}' cannot be published: name and version are letters, digits, '.', '_' and '-', and 'latest' is no version.");
        var options = new PublishOptions(new ImageReference(request.Name, request.Version))
        {
            Labels = request.Labels,
            CompressionLevel = request.CompressionLevel is { } level ? Within(level, 1, 19, "compression level") : null,
            Uploads = Within(request.Throttle ?? PublishOptions.DefaultUploads, 1, 64, "number of uploads"),
            MemoryBudget = request.MemoryBudget ?? new PublishOptions(new ImageReference(request.Name, request.Version)).MemoryBudget,
            CacheDirectory = UserCache.Directory,
            Progress = new TransferReport(output, $"Publishing {request.Name}:{request.Version}"),
        };

        using ImageSigner? signer = await SigningCertificates.OpenAsync(request.Signing, cancellationToken).ConfigureAwait(false);
        ImageTrust.CheckSigner(request.Store, signer, options.Image, output);
        options = options with { Signer = signer };

        // The preflight comes before anything is asked of the store.
        using Preflight preflight = await Preflight.RunAsync(request.Source, request.SourceService ?? request.Store, request.Policy, cancellationToken).ConfigureAwait(false);
        ILogicalDisk disk = preflight.Disk;
        IReadOnlyList<DiskNotice> told = preflight.Notices;
        Tell(told);
        options = options with { SectorSize = preflight.SectorSize, PartitionTable = preflight.PartitionTable, BootMode = preflight.BootMode };
        await using IObjectStore store = request.PlanOnly
            ? await Stores.OpenForPlanningAsync(request.Store, cancellationToken).ConfigureAwait(false)
            : await Stores.OpenForWritingAsync(request.Store, cancellationToken, request.BandwidthLimit).ConfigureAwait(false);
        IReadOnlyList<Manifest> origins = request.DeltaFrom is null ? [] : await FindOriginsAsync(store, options.Image, request.DeltaFrom, cancellationToken).ConfigureAwait(false);
        PublishOutcome outcome = await ImagePublisher.RunAsync(store, disk, options, cancellationToken).ConfigureAwait(false);
        Tell(preflight.Notices.Except(told));
        long deltaBytes = request.PlanOnly ? 0 : await MakeDeltasAsync(store, origins, outcome.Manifest, options.CompressionLevel, output, cancellationToken).ConfigureAwait(false);
        if (!store.ConditionalWrites)
            SayHowOneWins(store, output);
        output.Result(new PublishResult
        {
            Name = request.Name,
            Version = request.Version,
            ImageId = outcome.Manifest.ImageId,
            Created = outcome.Created,
            SourceFormat = disk.Format,
            VirtualSize = disk.Length,
            BytesRead = outcome.BytesRead,
            BytesUploaded = outcome.BytesUploaded + deltaBytes,
            DeltaBytes = deltaBytes,
            BytesReused = outcome.BytesReused,
            PacksUploaded = outcome.PacksUploaded,
            DurationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            SignerThumbprint = signer?.Thumbprint,
            PlanOnly = request.PlanOnly,
        });

        void Tell(IEnumerable<DiskNotice> notices)
        {
            foreach (DiskNotice notice in notices)
                output.Warning($"{AddressForm.WithoutSecrets(request.Source!)}: {notice.Message}");
        }
    }

    private static async Task<IReadOnlyList<Manifest>> FindOriginsAsync(IObjectStore store, ImageReference image, string[] versions, CancellationToken cancellationToken)
    {
        var catalog = new ImageCatalog(store);
        var origins = new List<Manifest>();
        foreach (string version in versions.Distinct(StringComparer.Ordinal))
        {
            if (version != ImageReference.Latest)
            {
                ImageReference origin = Images.ParseExact($"{image.Name}:{version}");
                if (version == image.Version)
                    throw new OperationException("InvalidRequest", origin.ToString(), $"A delta to {image} cannot start from {origin} itself.");
                origins.Add(await catalog.ResolveAsync(origin, cancellationToken).ConfigureAwait(false));
                continue;
            }

            // The first version of an image has nothing to start from.
            IReadOnlyList<Manifest> others = await catalog.ListAsync(image.Name, static _ => { }, cancellationToken).ConfigureAwait(false);
            if (others.Where(m => m.Version != image.Version).MaxBy(static m => m.Published) is { } newest)
                origins.Add(newest);
        }

        return origins;
    }

    private static async Task<long> MakeDeltasAsync(IObjectStore store, IReadOnlyList<Manifest> origins, Manifest image, int? level, IEventOutput output, CancellationToken cancellationToken)
    {
        long bytes = 0;
        foreach (Manifest origin in origins.Where(o => o.ImageId != image.ImageId).DistinctBy(static o => o.ImageId))
        {
            try
            {
                var progress = new TransferReport(output, $"Comparing {origin.Name}:{origin.Version} with {image.Name}:{image.Version}");
                bytes += await DeltaPublisher.RunAsync(store, origin, image, level ?? ZstdCodec.DefaultLevel, progress, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException failure)
            {
                // The image stands; the same command makes the delta later.
                output.Error(Faults.Describe(failure));
            }
        }

        return bytes;
    }

    private static void SayHowOneWins(IObjectStore store, IEventOutput output)
    {
        if (store is DirectoryObjectStore)
            output.Warning($"{store.Location} is on a file system where of two publishers of one version at the same moment the second may overwrite the first unseen.");
        else
            output.Verbose($"{store.Location} has no conditional writes: a claim was put and left to settle, so that of several publishers one wins.");
    }

    private static int Within(int value, int minimum, int maximum, string what) => value >= minimum && value <= maximum
        ? value
        : throw new OperationException("InvalidRequest", null, $"The {what} is {value}; it must be {minimum} to {maximum}.");
}
