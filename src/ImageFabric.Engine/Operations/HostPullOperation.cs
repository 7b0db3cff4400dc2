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
        if (!ImageId.TryParse(image.ImageId, out ImageId id) || !ImageReference.IsName(image.Name) || !ImageReference.IsName(image.Version))
            throw new OperationException("InvalidRequest", image.Name, "The request does not describe an image.");
        var directory = new HostImageDirectory(request.ImageDirectory);

        IReadOnlyList<string> usable = HostVmOperations.Hypervisor(directory).ImageFormats;

        // Who names no format wants to make machines: a file of another format is no reason not to fetch one that they can be made from.
        string format = request.Format is null
            ? directory.FindFormat(id, usable[0]) is { } present && usable.Contains(present) ? present : usable[0]
            : DiskFormat.Check(request.Format);
        directory.Create();
        using IDisposable only = await directory.LockAsync(id, cancellationToken).ConfigureAwait(false);

        var result = new PullResult { ImageId = image.ImageId, Format = format, VirtualSize = image.VirtualSize, Path = directory.ImagePath(id, format), Status = PullResult.AlreadyPresent };
        if (!File.Exists(result.Path))
        {
            await PullAsync(directory, id, image, format, grants, result, output, cancellationToken).ConfigureAwait(false);
            result.Status = PullResult.Synced;
        }

        await directory.RememberAsync(new HostImageRecord(image.Name, image.Version, image.ImageId, image.VirtualSize, format, image.Published, image.BootMode, GuestSystemOf(image)), cancellationToken).ConfigureAwait(false);
        directory.Touch(id);
        result.DurationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        output.Result(result);
    }

    private static string? GuestSystemOf(ImageResult image) => image.Labels is { } labels && labels.TryGetValue("os", out string? system) ? system : null;

    private static async Task PullAsync(
        HostImageDirectory directory, ImageId id, ImageResult image, string format, GrantClient grants, PullResult result, JsonLinesOutput output, CancellationToken cancellationToken)
    {
        using var listening = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task listener = grants.ListenAsync(listening.Token);
        try
        {
            await using var source = new GrantedObjectSource(grants.DemandAsync);
            byte[] indexBytes = await source.ReadAllAsync(image.Index, image.IndexSize, cancellationToken).ConfigureAwait(false);
            ImageIndex index = ImageIndex.Parse(indexBytes, image.Index);
            if (index.ImageId != id)
                throw new Store.StoreException("ManifestCorrupt", $"{image.Name}:{image.Version}", $"The manifest of {image.Name}:{image.Version} contradicts its index.");
            var options = new PullOptions
            {
                Format = format,
                Seeds = await directory.FindSeedsAsync(id, image.Name, format, cancellationToken).ConfigureAwait(false),
                Progress = new TransferReport(output, $"Syncing {image.Name}:{image.Version}"),
            };
            PullOutcome outcome = await ImagePull.RunAsync(source, index, directory.PartialPath(id, format), options, cancellationToken).ConfigureAwait(false);
            await directory.AdmitAsync(id, format, indexBytes, cancellationToken).ConfigureAwait(false);
            result.BytesFetched = outcome.BytesFetched + indexBytes.Length;
            result.BytesReused = outcome.BytesReused;
        }
        finally
        {
            await listening.CancelAsync().ConfigureAwait(false);
            await listener.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
