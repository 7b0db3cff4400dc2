using System.Diagnostics;
using ImageFabric.Disks;
using ImageFabric.Engine.Host;
using ImageFabric.Engine.Output;
using ImageFabric.Engine.Serve;
using ImageFabric.Hypervisors;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Engine.Operations;

/// <summary>On a host: takes an image into the host's image directory, once, whoever asks and how often.</summary>
internal static class HostPullOperation
{
    public static async Task RunAsync(PullRequest request, GrantClient grants, JsonLinesOutput output, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        ImageResult image = request.Image ?? throw new OperationException("InvalidRequest", null, "The request names no image.");
        if (!ImageId.TryParse(image.ImageId, out ImageId id) || !ImageReference.IsName(image.Name) || !ImageReference.IsName(image.Version) || !ImageIndex.MayBe(image.Index, image.IndexSize))
            throw new OperationException("InvalidRequest", image.Name, "The request does not describe an image.");
        if (request.StorePort is < 1 or > 65535)
            throw new OperationException("InvalidRequest", null, $"{request.StorePort} is not a port.");
        if (request.BandwidthLimit < BandwidthLimit.Slowest)
            throw new OperationException("InvalidRequest", null, $"The bandwidth limit is {request.BandwidthLimit} bytes a second; it must be at least {BandwidthLimit.Slowest}.");
        ImageTrust.EnforceOnHost(image, request.Trust, output);
        var directory = new HostImageDirectory(request.ImageDirectory);

        IReadOnlyList<string> usable = HostVmOperations.Hypervisor(directory).ImageFormats;

        // Who names no format wants to make machines: a file of another format is no reason not to fetch one that they can be made from.
        string format = request.Format is null
            ? directory.FindFormat(id, usable[0]) is { } present && usable.Contains(present) ? present : usable[0]
            : DiskFormat.Check(request.Format);
        directory.Create();
        await using HostFanOut? fanOut = request.FanOut is { } terms ? HostFanOut.Join(terms, request.BandwidthLimit, grants, output) : null;
        var result = new PullResult { ImageId = image.ImageId, Format = format, VirtualSize = image.VirtualSize, Path = directory.ImagePath(id, format), Status = PullResult.AlreadyPresent };
        using (await directory.LockAsync(id, output.Verbose, cancellationToken).ConfigureAwait(false))
        {
            if (!File.Exists(result.Path))
            {
                await PullAsync(directory, id, image, grants, request, fanOut, result, output, cancellationToken).ConfigureAwait(false);
                result.Status = PullResult.Synced;
            }
            else if (fanOut is not null)
            {
                await fanOut.OfferAsync(directory, id, result.Path, cancellationToken).ConfigureAwait(false);
            }

            await directory.RememberAsync(id, new HostImageRecord(image.Name, image.Version, image.ImageId, image.VirtualSize, format, image.Published, image.BootMode, GuestSystemOf(image), image.SectorSize), cancellationToken).ConfigureAwait(false);
            directory.Touch(id);
        }

        result.DurationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        output.Result(result);
        if (fanOut is not null)
            await HostFanOut.ServeAsync(cancellationToken).ConfigureAwait(false);
    }

    private static string? GuestSystemOf(ImageResult image) => image.Labels is { } labels && labels.TryGetValue("os", out string? system) ? system : null;

    private static async Task PullAsync(
        HostImageDirectory directory, ImageId id, ImageResult image, GrantClient grants, PullRequest request, HostFanOut? fanOut, PullResult result, JsonLinesOutput output, CancellationToken cancellationToken)
    {
        using var listening = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task listener = grants.ListenAsync(listening.Token);
        SpooledObject? indexObject = null;
        try
        {
            var limit = BandwidthLimit.Of(request.BandwidthLimit);
            await using var source = new GrantedObjectSource(grants.DemandAsync, request.StorePort, limit);
            await source.PrepareAsync([image.Index], cancellationToken).ConfigureAwait(false);
            SpooledObject? given = fanOut is null ? null : await fanOut.ReadIndexAsync(image, grants.HolderOf(image.Index), output, cancellationToken).ConfigureAwait(false);
            indexObject = given ?? await SpooledObject.ReadAsync(source, image.Index, image.IndexSize, cancellationToken).ConfigureAwait(false);
            ImageIndex index = ImageIndex.Parse(indexObject, image.Index);
            if (index.ImageId != id)
                throw new Store.StoreException("ManifestCorrupt", $"{image.Name}:{image.Version}", $"The manifest of {image.Name}:{image.Version} contradicts its index.");
            var options = new PullOptions
            {
                Format = result.Format,
                SectorSize = image.SectorSize ?? 512,
                Seeds = directory.FindSeeds(id, image.Name, result.Format),
                Deltas = Images.Deltas(image),
                Notice = output.Warning,
                FanOut = fanOut is null ? null : await fanOut.BeginAsync(index, indexObject, directory, limit, cancellationToken).ConfigureAwait(false),
                Progress = new TransferReport(output, $"Syncing {image.Name}:{image.Version}"),
            };
            PullOutcome outcome = await ImagePull.RunAsync(source, index, directory.PartialPath(id, result.Format), options, cancellationToken).ConfigureAwait(false);
            await directory.AdmitAsync(id, result.Format, indexObject, cancellationToken).ConfigureAwait(false);
            if (options.FanOut is not null)
                await options.FanOut.Server.ServeAsync(result.Path, cancellationToken).ConfigureAwait(false);
            result.BytesFetched = outcome.BytesFetched + (given is null ? indexObject.Length : 0);
            result.BytesFromHosts = outcome.BytesFromHosts + (given?.Length ?? 0);
            result.BytesReused = outcome.BytesReused;
        }
        finally
        {
            // In a fan-out other hosts may ask for it until the sync has ended.
            if (fanOut is null)
                indexObject?.Dispose();
            await listening.CancelAsync().ConfigureAwait(false);
            await listener.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
