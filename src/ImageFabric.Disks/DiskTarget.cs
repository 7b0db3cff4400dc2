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
    private static readonly (string Name, long LargestDisk, bool HasLargeSectors, Func<TargetShape, ITargetLayout> Lay)[] Known =
    [
        ("raw", long.MaxValue, true, static disk => new RawLayout(disk.Length)),
        ("qcow2", Qcow2Layout.LargestDisk, true, static disk => new Qcow2Layout(disk.Length, disk.Extents)),
        ("vhdx", VhdxFormat.LargestDisk, true, static disk => new VhdxLayout(disk.Length, disk.SectorSize, disk.Extents, isFixed: false)),
        ("vhdx-fixed", VhdxFormat.LargestDisk, true, static disk => new VhdxLayout(disk.Length, disk.SectorSize, disk.Extents, isFixed: true)),
        ("vhd", VhdFooter.LargestDisk, false, static disk => new VhdLayout(disk.Length, disk.Extents)),
        ("vhd-fixed", VhdFooter.LargestDisk, false, static disk => new FixedVhdLayout(disk.Length)),
        ("vmdk", long.MaxValue, false, static disk => new VmdkLayout(disk.Path, disk.Length, disk.Extents)),
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
    /// <param name="sectorSize">Bytes of a logical sector, 512 or 4096. Only VHDX says it; raw and qcow2 leave it to whom uses them.</param>
    /// <param name="dataExtents">The parts that will be written: ascending, without overlap, within the disk. The rest reads as zero.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ArgumentException">The format is not known, or the extents are not as described.</exception>
    /// <exception cref="DiskException"><c>HostDiskFull</c> or <c>HostWriteFailed</c>; <c>ImageTooLarge</c>: the format has no room for it; <c>FormatFeatureNotSupported</c>: it has sectors of 512 bytes only.</exception>
    public static async Task<IDiskTarget> OpenAsync(
        string path, string format, long virtualLength, int sectorSize, IReadOnlyList<DiskExtent> dataExtents, CancellationToken cancellationToken)
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
        CheckSectors(path, format, sectorSize);
        return await LayoutTarget.OpenAsync(path, Known[known].Lay(new TargetShape(path, virtualLength, sectorSize, extents.All)), extents, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes sure that a format has sectors of that size: a guest finds no partition on a disk that shows another.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">One of <see cref="Formats"/>, or of <see cref="PackedDisk.Formats"/>.</param>
    /// <param name="sectorSize">Bytes of a logical sector.</param>
    /// <exception cref="DiskException"><c>FormatFeatureNotSupported</c>.</exception>
    public static void CheckSectors(string path, string format, int sectorSize)
    {
        bool hasLarge = Array.Find(Known, entry => entry.Name == format).HasLargeSectors || format.StartsWith("qcow2", StringComparison.Ordinal);
        if (sectorSize != 512 && !hasLarge)
            throw new DiskException("FormatFeatureNotSupported", path, $"The disk has sectors of {sectorSize} bytes, and a {format} file has sectors of 512 bytes only: take vhdx, raw or qcow2.");
    }

    private readonly record struct TargetShape(string Path, long Length, int SectorSize, IReadOnlyList<DiskExtent> Extents);
}
