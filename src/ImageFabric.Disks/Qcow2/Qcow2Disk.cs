using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Qcow2;

/// <summary>A qcow2 file, version 2 or 3, that stands alone. Reading follows qemu's docs/interop/qcow2.txt.</summary>
internal sealed class Qcow2Disk : ISegmentMap
{
    private const int SectorSize = 512;

    private readonly ClusterMap clusters;
    private readonly CompressedClusters compressed;
    private readonly CompressedBlocks blocks;

    private Qcow2Disk(SourceFile file, Qcow2Header header, ClusterMap clusters)
    {
        this.clusters = clusters;
        compressed = new CompressedClusters(file, header);
        blocks = new CompressedBlocks(header.ClusterSize, clusters.NextAsync, compressed.DecompressAsync);
    }

    /// <summary>Reads and checks the header and all tables.</summary>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says.</exception>
    public static async Task<ILogicalDisk> OpenAsync(SourceFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        Qcow2Header header = await Qcow2Header.ReadAsync(file, cancellationToken).ConfigureAwait(false);
        if (header.Size > policy.MaximumVirtualLength)
            throw new DiskException("ImageTooLarge", file.Path, $"The disk has {header.Size} bytes; the limit is {policy.MaximumVirtualLength}.");
        if (header.Size < SectorSize)
            throw new DiskException("ImageEmpty", file.Path, "The disk has no sector.", 24);
        ClusterMap clusters = await ClusterMap.OpenAsync(file, header, cancellationToken).ConfigureAwait(false);
        var map = new Qcow2Disk(file, header, clusters);
        await MappedDisk.CheckAsync(map, header.Size, cancellationToken).ConfigureAwait(false);

        // qemu shows the guest whole sectors only.
        return new MappedDisk(new DiskTraits("qcow2", header.Version == 2 ? "v2" : "v3", header.Size & -SectorSize, NoticesOf(header)), file, map);
    }

    public ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken) => clusters.NextAsync(offset, end, cancellationToken);

    public ValueTask ReadMadeAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken) =>
        blocks.ReadAsync(segment, destination, cancellationToken);

    public void Dispose() => compressed.Dispose();

    private static List<DiskNotice> NoticesOf(Qcow2Header header)
    {
        List<DiskNotice> notices = [];
        if (header.SnapshotCount > 0)
            notices.Add(new("SnapshotsIgnored", $"The file has {header.SnapshotCount} internal snapshots, which are ignored: the disk is read as it is now."));
        if (header.HasBitmaps)
            notices.Add(new("BitmapsIgnored", "The file has dirty bitmaps, which are ignored."));
        if (header.Size % SectorSize != 0)
            notices.Add(new("PartialSectorIgnored", $"The size of {header.Size} bytes is no multiple of {SectorSize}; the bytes behind the last whole sector are ignored, as qemu does."));
        return notices;
    }
}
