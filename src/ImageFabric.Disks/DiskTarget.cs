using ImageFabric.Disks.Layouts;
using ImageFabric.Disks.Qcow2;
using ImageFabric.Disks.Raw;
using ImageFabric.Disks.Vhd;
using ImageFabric.Disks.Vhdx;
using ImageFabric.Disks.Vmdk;

namespace ImageFabric.Disks;

/// <summary>Makes disk image files, or goes on with one that an interrupted run left behind.</summary>
public static class DiskTarget
{
    private static readonly (string Name, long LargestDisk, Func<string, long, IReadOnlyList<DiskExtent>, ITargetLayout> Lay)[] Known =
    [
        ("raw", long.MaxValue, (_, length, _) => new RawLayout(length)),
        ("qcow2", Qcow2Layout.LargestDisk, (_, length, extents) => new Qcow2Layout(length, extents)),
        ("vhdx", VhdxFormat.LargestDisk, (_, length, extents) => new VhdxLayout(length, extents, isFixed: false)),
        ("vhdx-fixed", VhdxFormat.LargestDisk, (_, length, extents) => new VhdxLayout(length, extents, isFixed: true)),
        ("vhd", VhdFooter.LargestDisk, (_, length, extents) => new VhdLayout(length, extents)),
        ("vhd-fixed", VhdFooter.LargestDisk, (_, length, _) => new FixedVhdLayout(length)),
        ("vmdk", long.MaxValue, (path, length, extents) => new VmdkLayout(path, length, extents)),
    ];

    /// <summary>The formats that can be written.</summary>
    public static IReadOnlyList<string> Formats { get; } = [.. Known.Select(format => format.Name)];

    /// <summary>
    /// Creates the file, or reopens the one that an earlier run made with the same arguments: what that run wrote into the extents is still there, and
    /// everything outside them reads as zero. A file of another shape is made anew. Until <see cref="IDiskTarget.CompleteAsync"/> the file is not a whole image.
    /// </summary>
    /// <param name="path">The file. Its directory exists.</param>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="virtualLength">
    /// Size of the disk in bytes, at least 1. All formats but raw round it up: vhd-fixed to a multiple of 1 MiB, the others to one of 512.
    /// </param>
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
        int known = Array.FindIndex(Known, entry => entry.Name == format);
        if (known < 0)
            throw new ArgumentException($"'{format}' is not a format that can be written; these are: {string.Join(", ", Formats)}.", nameof(format));
        var extents = new ExtentSet(dataExtents, virtualLength);
        if (virtualLength > Known[known].LargestDisk)
            throw new DiskException("ImageTooLarge", path, $"The disk has {virtualLength} bytes; a {format} file can have {Known[known].LargestDisk}.");
        return await LayoutTarget.OpenAsync(path, Known[known].Lay(path, virtualLength, extents.All), extents, cancellationToken).ConfigureAwait(false);
    }
}
