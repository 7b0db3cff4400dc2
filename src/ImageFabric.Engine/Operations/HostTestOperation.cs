using System.Globalization;
using ImageFabric.Disks;
using ImageFabric.Engine.Host;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Engine.Operations;

/// <summary>On a host: looks for what is missing or weak, from its image directory to the way to the store.</summary>
internal static class HostTestOperation
{
    private const long UsualFreeBytes = 10L << 30;
    private const int CloneLength = 1 << 16;

    // Signatures of presigned addresses are refused by services when clocks differ by 15 minutes; well before that something is wrong.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(HostTestRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        var directory = new HostImageDirectory(request.ImageDirectory);
        DateTime now = DateTime.UtcNow;
        HostTestResult writable = Writable(directory);
        output.Result(writable);
        if (writable.Status == HostTestResult.Passed)
        {
            if (Passable(directory.Root) is { } passable)
                output.Result(passable);
            output.Result(FreeSpace(directory, request.FreeBytes ?? UsualFreeBytes));
            output.Result(Clones(directory));
        }

        foreach (HostTestResult result in await HostVmOperations.Hypervisor(directory).TestAsync(cancellationToken).ConfigureAwait(false))
            output.Result(result);
        output.Result(Clock(request.Clock, now));
        if (request.StoreAddress is not null)
            output.Result(await StoreAsync(request.StoreAddress, cancellationToken).ConfigureAwait(false));
    }

    private static HostTestResult Writable(HostImageDirectory directory)
    {
        try
        {
            directory.Create();
            string probe = directory.TemporaryPath();
            using FileStream file = File.Create(probe, 1, FileOptions.DeleteOnClose);

            // New files inherit both from their directory.
            return (File.GetAttributes(probe) & (FileAttributes.Compressed | FileAttributes.Encrypted)) == 0
                ? Passed("ImageDirectory", $"{directory.Root} can be written to.")
                : Failed("ImageDirectory", $"Files in {directory.Root} are compressed or encrypted, and Hyper-V refuses disks that are.", "Turn that off for the directory, or name another image directory.");
        }
        catch (Exception refused) when (refused is OperationException or IOException or UnauthorizedAccessException)
        {
            return Failed("ImageDirectory", refused.Message, "Give the login the right to write there, or name another image directory.");
        }
    }

    // libvirt gives a disk to the hypervisor's user, but not the way there. Of other logins than root machines run as the login itself.
    private static HostTestResult? Passable(string root)
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
            return null;
        for (DirectoryInfo? step = new(Path.GetFullPath(root)); step is not null; step = step.Parent)
        {
            if (!step.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
            {
                return Weak(
                    "Permissions", $"The hypervisor's user cannot get through {step.FullName} to the images.",
                    $"Let others through with 'chmod o+x {step.FullName}', or name another image directory.");
            }
        }

        return Passed("Permissions", $"The hypervisor's user gets to {root}.");
    }

    private static HostTestResult FreeSpace(HostImageDirectory directory, long wanted)
    {
        long free = new DriveInfo(directory.Root).AvailableFreeSpace;
        string message = $"{ByteSize.Text(free)} are free in {directory.Root}.";
        return free >= wanted
            ? Passed("FreeSpace", message)
            : Weak("FreeSpace", $"{message} {ByteSize.Text(wanted)} are wanted.", "Remove images that nothing needs with Remove-VmHostImage, or use a larger file system.");
    }

    private static HostTestResult Clones(HostImageDirectory directory)
    {
        string source = directory.TemporaryPath();
        string target = directory.TemporaryPath();
        try
        {
            File.WriteAllBytes(source, new byte[CloneLength]);
            using SafeFileHandle from = File.OpenHandle(source);
            using SafeFileHandle to = File.OpenHandle(target, FileMode.Create, FileAccess.Write);
            if (BlockClone.TryClone(from, 0, to, 0, CloneLength))
                return Passed("BlockClone", "The file system shares blocks between files: a new version takes no room for what is unchanged.");
            return Weak("BlockClone", "The file system cannot share blocks between files: what is unchanged in a new version is copied.", "Keep images on XFS with reflink, Btrfs or ReFS.");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return Failed("BlockClone", refused.Message, "Check the file system of the image directory.");
        }
        finally
        {
            File.Delete(source);
            File.Delete(target);
        }
    }

    private static HostTestResult Clock(string theirs, DateTime ours)
    {
        if (!DateTime.TryParse(theirs, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out DateTime asked))
            throw new OperationException("InvalidRequest", theirs, $"'{theirs}' is no time.");
        TimeSpan difference = ours - asked;
        string message = $"The host's clock is {Math.Abs(difference.TotalSeconds).ToString("0", CultureInfo.InvariantCulture)} s {(difference < TimeSpan.Zero ? "behind" : "ahead of")} the asking machine's.";
        return difference.Duration() <= ClockTolerance
            ? Passed("Clock", message)
            : Weak("Clock", message, "Synchronise the clocks with NTP: presigned addresses and certificates depend on them.");
    }

    private static async Task<HostTestResult> StoreAsync(string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https" or "file"))
            throw new OperationException("InvalidRequest", address, $"'{address}' is no address of a store.");
        if (uri.IsFile)
        {
            return Directory.Exists(uri.LocalPath)
                ? Passed("Store", $"The directory {uri.LocalPath} is there.")
                : Failed("Store", $"The directory {uri.LocalPath} is not there.", "Mount it on the host at the same path, or use an S3 store.");
        }

        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = StorePatience };
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);

            // Without a signature most services refuse; that they answer is what matters.
            return Passed("Store", $"{uri.GetLeftPart(UriPartial.Authority)} answers.");
        }
        catch (Exception silent) when (silent is HttpRequestException || (silent is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            string why = silent is HttpRequestException ? silent.Message : $"no answer within {StorePatience.TotalSeconds} s";
            return Failed(
                "Store", $"{uri.GetLeftPart(UriPartial.Authority)} cannot be reached from the host: {why}",
                "Check the host's route, name resolution, proxy and firewall, and that it trusts the service's certificate.");
        }
    }

    private static HostTestResult Passed(string check, string message) => new() { Check = check, Status = HostTestResult.Passed, Message = message };

    private static HostTestResult Weak(string check, string message, string action) =>
        new() { Check = check, Status = HostTestResult.Warning, Message = message, RecommendedAction = action };

    private static HostTestResult Failed(string check, string message, string action) =>
        new() { Check = check, Status = HostTestResult.Failed, Message = message, RecommendedAction = action };
}
