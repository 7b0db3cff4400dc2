using System.Diagnostics;
using ImageFabric.Disks;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store.Catalog;
using ImageFabric.Store.Deltas;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Pull;

namespace ImageFabric.Engine.Operations;

/// <summary>Takes an image from a store into a file of the user's choice.</summary>
internal static class FilePullOperation
{
    private const string PartialSuffix = ".partial";
    private const string PackedSuffix = ".packed";

    public static async Task RunAsync(SaveRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        string path = string.IsNullOrEmpty(request.Output) ? throw new OperationException("InvalidRequest", null, "The request names no file.") : request.Output;
        string format = request.Format ?? DiskFormat.OfExtension(path);
        bool packed = PackedDisk.Formats.Contains(format);
        if (!packed)
            DiskFormat.Check(format, PackedDisk.Formats);
        if (Directory.Exists(path))
            throw new OperationException("OutputExists", path, $"{path} is a directory.");
        if (Path.Exists(path) && !DiskImage.IsRegularFile(path))
            throw new OperationException("OutputExists", path, $"{path} is a device, a pipe or a socket, which a file would replace. Pull into a file, and copy that.");
        if (Path.Exists(path) && !request.Replace)
            throw AlreadyExists(path, null);
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken, request.BandwidthLimit).ConfigureAwait(false);
        Manifest manifest = await new ImageCatalog(store).ResolveAsync(Images.Parse(request.Image), cancellationToken).ConfigureAwait(false);
        ImageTrust.Enforce(manifest, request.Store, output);
        DiskTarget.CheckSectors(path, format, manifest.SectorSize ?? 512);
        ImageIndex index = await ImageCatalog.ReadIndexAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        var options = new PullOptions
        {
            Format = packed ? "raw" : format,
            SectorSize = manifest.SectorSize ?? 512,
            Seeds = [.. (request.Seeds ?? []).Select(seed => new PullSeed(seed, null))],
            Deltas = request.Seeds is { Length: > 0 } ? await StoredDeltas.ListAsync(store, index.ImageId, cancellationToken).ConfigureAwait(false) : [],
            Notice = output.Warning,
            Progress = new TransferReport(output, $"Pulling {manifest.Name}:{manifest.Version}"),
        };
        PullOutcome outcome = await ImagePull.RunAsync(store, index, path + PartialSuffix, options, cancellationToken).ConfigureAwait(false);
        if (packed)
            await PackAsync(path, format, index.VirtualSize, output, cancellationToken).ConfigureAwait(false);
        GiveName(path, request.Replace);
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

    // The whole disk is there first, raw; what is compressed has its place only when it is.
    private static async Task PackAsync(string path, string format, long virtualSize, IEventOutput output, CancellationToken cancellationToken)
    {
        string packed = path + PackedSuffix;
        try
        {
            using (ILogicalDisk disk = await DiskImage.OpenRawAsync(path + PartialSuffix, cancellationToken).ConfigureAwait(false))
                await PackedDisk.WriteAsync(disk, packed, format, new PackReport(output, virtualSize), cancellationToken).ConfigureAwait(false);
            File.Move(packed, path + PartialSuffix, overwrite: true);
        }
        finally
        {
            File.Delete(packed);
        }
    }

    private sealed class PackReport(IEventOutput output, long total) : IProgress<long>
    {
        public void Report(long value) => output.Progress("Compressing", Math.Min(value, total), total);
    }

    private static void GiveName(string path, bool replace)
    {
        try
        {
            File.Move(path + PartialSuffix, path, replace);
            DirectorySync.Flush(Path.GetDirectoryName(path)!);
        }
        catch (IOException taken) when (!replace && Path.Exists(path))
        {
            // Somebody made it while the pull ran.
            throw AlreadyExists(path, taken);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new OperationException("HostWriteFailed", path, $"The file cannot be given its name {path}: {refused.Message}", refused);
        }
    }

    private static OperationException AlreadyExists(string path, Exception? cause) => new("OutputExists", path, $"{path} exists already.", cause);
}
