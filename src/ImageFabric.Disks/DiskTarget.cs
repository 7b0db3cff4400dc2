using ImageFabric.Disks.Layouts;
using ImageFabric.Disks.Qcow2;
using ImageFabric.Disks.Raw;
using ImageFabric.Disks.Vmdk;

namespace ImageFabric.Disks;

/// <summary>Makes disk image files, or goes on with one that an interrupted run left behind.</summary>
public static class DiskTarget
{
    /// <summary>The formats that can be written.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["raw", "qcow2", "vmdk"];

    /// <summary>
    /// Creates the file, or reopens the one that an earlier run made with the same arguments: what that run wrote into the extents is still there, and
    /// everything outside them reads as zero. A file of another shape is made anew. Until <see cref="IDiskTarget.CompleteAsync"/> the file is not a whole image.
    /// </summary>
    /// <param name="path">The file. Its directory exists.</param>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="virtualLength">Size of the disk in bytes, at least 1. qcow2 and vmdk round it up to a multiple of 512.</param>
    /// <param name="dataExtents">The parts that will be written: ascending, without overlap, within the disk. The rest reads as zero.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ArgumentException">The format is not known, or the extents are not as described.</exception>
    /// <exception cref="DiskException"><c>HostDiskFull</c> or <c>HostWriteFailed</c>; <c>ImageTooLarge</c>: the format has no room for it.</exception>
    public static async Task<IDiskTarget> OpenAsync(
        string path, string format, long virtualLength, IReadOnlyList<DiskExtent> dataExtents, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(dataExtents);
        ArgumentOutOfRangeException.ThrowIfLessThan(virtualLength, 1);
        var extents = new ExtentSet(dataExtents, virtualLength);
        ITargetLayout layout = format switch
        {
            "raw" => new RawLayout(virtualLength),
            "qcow2" => new Qcow2Layout(virtualLength, extents.All),
            "vmdk" => new VmdkLayout(path, virtualLength, extents.All),
            _ => throw new ArgumentException($"'{format}' is not a format that can be written; these are: {string.Join(", ", Formats)}.", nameof(format)),
        };
        return await LayoutTarget.OpenAsync(path, layout, extents, cancellationToken).ConfigureAwait(false);
    }
}
