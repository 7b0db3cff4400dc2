using System.Diagnostics;
using ImageFabric.Disks;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
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
        foreach (DiskNotice notice in preflight.Notices)
            output.Warning($"{request.Source}: {notice.Message}");
        options = options with { SectorSize = disk.SectorSize, PartitionTable = preflight.PartitionTable, BootMode = preflight.BootMode };
        await using IObjectStore store = request.PlanOnly
            ? await Stores.OpenForPlanningAsync(request.Store, cancellationToken).ConfigureAwait(false)
            : await Stores.OpenForWritingAsync(request.Store, cancellationToken, request.BandwidthLimit).ConfigureAwait(false);
        PublishOutcome outcome = await ImagePublisher.RunAsync(store, disk, options, cancellationToken).ConfigureAwait(false);
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
            BytesUploaded = outcome.BytesUploaded,
            BytesReused = outcome.BytesReused,
            PacksUploaded = outcome.PacksUploaded,
            DurationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            SignerThumbprint = signer?.Thumbprint,
            PlanOnly = request.PlanOnly,
        });
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
