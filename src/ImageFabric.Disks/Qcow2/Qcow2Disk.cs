using System.Runtime.CompilerServices;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Qcow2;

/// <summary>A qcow2 file, version 2 or 3, that stands alone. Reading follows qemu's docs/interop/qcow2.txt.</summary>
internal sealed class Qcow2Disk : ILogicalDisk
{
    private const int SectorSize = 512;
    private const long LargestJoinedExtent = 64L << 20;

    private readonly SourceFile file;
    private readonly ClusterMap map;
    private readonly CompressedClusters compressed;

    private Qcow2Disk(SourceFile file, Qcow2Header header, ClusterMap map)
    {
        this.file = file;
        this.map = map;
        compressed = new CompressedClusters(file, header, map);

        // qemu shows the guest whole sectors only.
        Length = header.Size & -SectorSize;
        Notices = NoticesOf(header);
    }

    public string Format => "qcow2";

    public long Length { get; }

    public long FileLength => file.Length;

    public IReadOnlyList<string> Notices { get; }

    /// <summary>Reads and checks the header and all tables, so that a file that contradicts itself is refused before its data is used.</summary>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says.</exception>
    public static async Task<Qcow2Disk> OpenAsync(SourceFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        Qcow2Header header = await Qcow2Header.ReadAsync(file, cancellationToken).ConfigureAwait(false);
        if (header.Size > policy.MaximumVirtualLength)
            throw new DiskException("ImageTooLarge", file.Path, $"The disk has {header.Size} bytes; the limit is {policy.MaximumVirtualLength}.");
        if (header.Size < SectorSize)
            throw new DiskException("ImageEmpty", file.Path, "The disk has no sector.", 24);
        ClusterMap map = await ClusterMap.OpenAsync(file, header, cancellationToken).ConfigureAwait(false);
        for (long offset = 0; offset < header.Size;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            offset = (await map.NextAsync(offset, header.Size, cancellationToken).ConfigureAwait(false)).End;
        }

        return new Qcow2Disk(file, header, map);
    }

    public async IAsyncEnumerable<DiskExtent> ReadExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var fileMap = new SparseMap(file.Handle, file.Length);
        DiskExtent joined = default;
        for (long offset = 0; offset < Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Segment segment = await map.NextAsync(offset, Length, cancellationToken).ConfigureAwait(false);
            offset = segment.End;
            foreach (DiskExtent extent in DataOf(segment, fileMap))
            {
                if (joined.Length > 0 && joined.End == extent.Offset && joined.Length < LargestJoinedExtent)
                {
                    joined = joined with { Length = joined.Length + extent.Length };
                    continue;
                }

                if (joined.Length > 0)
                    yield return joined;
                joined = extent;
            }
        }

        if (joined.Length > 0)
            yield return joined;
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - buffer.Length);
        long start = offset;
        long end = offset + buffer.Length;
        Segment pending = default;
        while (offset < end)
        {
            Segment segment = await map.NextAsync(offset, end, cancellationToken).ConfigureAwait(false);
            offset = segment.End;
            if (pending.Length > 0 && pending.Continues(segment))
            {
                pending = pending with { Length = pending.Length + segment.Length };
                continue;
            }

            await ReadSegmentAsync(pending, Part(pending), cancellationToken).ConfigureAwait(false);
            pending = segment;
        }

        await ReadSegmentAsync(pending, Part(pending), cancellationToken).ConfigureAwait(false);

        Memory<byte> Part(Segment segment) => segment.Length == 0 ? default : buffer.Slice((int)(segment.Offset - start), (int)segment.Length);
    }

    public void ThrowIfChanged() => file.ThrowIfChanged();

    public void Dispose()
    {
        compressed.Dispose();
        file.Dispose();
    }

    private static List<string> NoticesOf(Qcow2Header header)
    {
        List<string> notices = [];
        if (header.SnapshotCount > 0)
            notices.Add($"The file has {header.SnapshotCount} internal snapshots, which are ignored: the disk is read as it is now.");
        if (header.HasBitmaps)
            notices.Add("The file has dirty bitmaps, which are ignored.");
        if (header.Size % SectorSize != 0)
            notices.Add($"The size of {header.Size} bytes is no multiple of {SectorSize}; the bytes behind the last whole sector are ignored, as qemu does.");
        return notices;
    }

    // A cluster may be allocated where the file itself has a hole, as after preallocation.
    private IEnumerable<DiskExtent> DataOf(Segment segment, SparseMap fileMap)
    {
        if (segment.Kind == SegmentKind.Compressed)
            yield return new DiskExtent(segment.Offset, segment.Length);
        if (segment.Kind != SegmentKind.Data)
            yield break;

        long shift = segment.Offset - segment.FileOffset;
        long fileEnd = segment.FileOffset + segment.Length;
        for (long at = segment.FileOffset; at < fileEnd;)
        {
            DiskExtent? data = FirstData(fileMap, at);
            if (data is not { } found || found.Offset >= fileEnd)
                yield break;
            at = Math.Min(found.End, fileEnd);
            yield return new DiskExtent(found.Offset + shift, at - found.Offset);
        }
    }

    private DiskExtent? FirstData(SparseMap fileMap, long offset)
    {
        try
        {
            return fileMap.FirstData(offset);
        }
        catch (IOException error)
        {
            throw FileErrors.Reading(file.Path, offset, error);
        }
    }

    private async ValueTask ReadSegmentAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken)
    {
        switch (segment.Kind)
        {
            case SegmentKind.Compressed:
                await compressed.ReadAsync(segment, destination, cancellationToken).ConfigureAwait(false);
                break;
            case SegmentKind.Data:
                // The file may end within its last cluster: the rest of it reads as zero.
                int present = (int)Math.Min(destination.Length, Math.Max(0, file.Length - segment.FileOffset));
                await file.ReadAsync(segment.FileOffset, destination[..present], cancellationToken).ConfigureAwait(false);
                destination.Span[present..].Clear();
                break;
            default:
                destination.Span.Clear();
                break;
        }
    }
}
