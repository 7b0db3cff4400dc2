using System.Diagnostics;
using ImageFabric.Disks;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Engine.Operations;

/// <summary>What <c>imagefabric pull</c> is asked for.</summary>
internal sealed record FilePullRequest(StoreReference? Store, string Image, string Output, string? Format, IReadOnlyList<string> Seeds, bool Replace);

/// <summary>Takes an image from a store into a file of the user's choice.</summary>
internal static class FilePullOperation
{
    private const string PartialSuffix = ".partial";

    public static async Task RunAsync(FilePullRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        string path = Path.GetFullPath(request.Output);
        string format = DiskFormat.Check(request.Format ?? (Path.GetExtension(path) == ".qcow2" ? "qcow2" : "raw"));
        if (Path.Exists(path) && !request.Replace)
            throw new OperationException("OutputExists", path, $"{path} exists already.");
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        Manifest manifest = await new ImageCatalog(store).ResolveAsync(Images.Parse(request.Image), cancellationToken).ConfigureAwait(false);
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        var options = new PullOptions
        {
            Format = format,
            Seeds = [.. request.Seeds.Select(seed => new PullSeed(Path.GetFullPath(seed), null))],
            Progress = new TransferReport(output, $"Pulling {manifest.Name}:{manifest.Version}"),
        };
        PullOutcome outcome = await ImagePull.RunAsync(store, index, path + PartialSuffix, options, cancellationToken).ConfigureAwait(false);
        File.Move(path + PartialSuffix, path, request.Replace);
        DirectorySync.Flush(Path.GetDirectoryName(path)!);
        output.Result(new PullResult
        {
            ImageId = manifest.ImageId,
            Status = PullResult.Synced,
            BytesFetched = outcome.BytesFetched + manifest.IndexSize,
            BytesReused = outcome.BytesReused,
            Path = path,
            Format = format,
            VirtualSize = manifest.VirtualSize,
            DurationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        });
    }
}
