using System.Diagnostics;
using ImageFabric.Disks;
using ImageFabric.Engine.Host;
using ImageFabric.Engine.Output;
using ImageFabric.Hypervisors;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;
using ImageFabric.Store.Verify;

namespace ImageFabric.Engine.Operations;

/// <summary>On a host: lists, removes and checks the images that are there.</summary>
internal static class HostImageOperations
{
    public static async Task ListAsync(HostImageListRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        var directory = new HostImageDirectory(request.ImageDirectory);
        IReadOnlyList<DiskUse> uses = [];
        try
        {
            uses = await HostVmOperations.Hypervisor(directory).DiskUsesAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (HypervisorException e)
        {
            // What is there can be told all the same.
            output.Warning($"Which machines are based on the images is not known: {e.Message}");
        }

        foreach (HostImageEntry entry in HostImageInventory.Read(directory, uses))
            output.Result(entry.Describe());
    }

    public static async Task RemoveAsync(HostImageRemoveRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        if (request.KeepLast < 0 || request.UnusedSeconds < 0 || request.FreeBytes < 0)
            throw new OperationException("InvalidRequest", null, "A number of versions, seconds or bytes is negative.");
        var directory = new HostImageDirectory(request.ImageDirectory);
        var removal = new HostImageRemoval(
            directory, request, HostVmOperations.Hypervisor(directory).DiskUsesAsync, refused => output.Error(Faults.Describe(refused)));
        if (request.PlanOnly)
        {
            foreach (HostImageEntry entry in await removal.PlanAsync(cancellationToken).ConfigureAwait(false))
                output.Result(entry.Describe(HostImageResult.Removable));
            return;
        }

        await removal.RunAsync(entry => output.Result(entry.Describe(HostImageResult.Removed)), cancellationToken).ConfigureAwait(false);
    }

    public static async Task TestAsync(HostImageTestRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        if (request.Images is not { Length: > 0 })
            throw new OperationException("InvalidRequest", null, "The request names no image.");
        var directory = new HostImageDirectory(request.ImageDirectory);
        HostImageEntry[] all = [.. HostImageInventory.Read(directory, []).Where(static e => e.File.IsWhole)];
        var tested = new HashSet<HostImageFile>();
        foreach (HostImagePattern pattern in request.Images.Select(static image => new HostImagePattern(image)))
        {
            HostImageEntry[] named = [.. all.Where(pattern.Matches)];
            if (named.Length == 0 && pattern.IsPlain)
                output.Error(Faults.Describe(new OperationException("ImageNotOnHost", pattern.ToString(), $"The host does not have {pattern}.")));
            foreach (HostImageEntry entry in named.Where(e => tested.Add(e.File)))
                output.Result(await TestAsync(directory, entry, output, cancellationToken).ConfigureAwait(false));
        }
    }

    private static async Task<HostImageTestResult> TestAsync(HostImageDirectory directory, HostImageEntry entry, IEventOutput output, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        DiskVerification found = await VerifyAsync(directory, entry, output, cancellationToken).ConfigureAwait(false);
        return new HostImageTestResult
        {
            Image = entry.Image,
            ImageId = entry.File.Id.ToString(),
            Format = entry.File.Format,
            Path = entry.File.Path,
            Intact = found.Damage is null,
            Damage = found.Damage,
            ChunksVerified = found.ChunksVerified,
            ChunksDamaged = found.ChunksDamaged,
            BytesRead = found.BytesRead,
            DurationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
    }

    private static async Task<DiskVerification> VerifyAsync(HostImageDirectory directory, HostImageEntry entry, IEventOutput output, CancellationToken cancellationToken)
    {
        if (await directory.TryReadIndexAsync(entry.File.Id, cancellationToken).ConfigureAwait(false) is not { } index)
            return new DiskVerification(0, 0, 0, "The index that the host keeps beside the image is missing or damaged, so its content cannot be checked.");
        try
        {
            using ILogicalDisk disk = await DiskImage.OpenOwnAsync(entry.File.Path, cancellationToken).ConfigureAwait(false);
            return await DiskVerifier.RunAsync(disk, index, new TransferReport(output, $"Checking {entry.Image}"), cancellationToken).ConfigureAwait(false);
        }
        catch (DiskException damaged)
        {
            return new DiskVerification(0, 0, 0, damaged.Message);
        }
    }
}
