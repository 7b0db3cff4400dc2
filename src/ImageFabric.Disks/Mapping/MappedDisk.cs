using System.Runtime.CompilerServices;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Mapping;

/// <summary>A disk whose bytes are where the tables of its format say. What the tables place in the file, but the file system has no data for, is no extent.</summary>
internal sealed class MappedDisk(DiskTraits traits, SourceFile file, ISegmentMap map) : ILogicalDisk
{
    private const long LargestJoinedExtent = 64L << 20;

    private readonly long length = traits.Length;

    public string Format => traits.Format;

    public string? Subformat => traits.Subformat;

    public int SectorSize => traits.SectorSize;

    public long Length => length;

    public long FileLength => file.Length;

    public IReadOnlyList<DiskNotice> Notices => traits.Notices;

    /// <summary>Goes through all of the tables once, so that a file that contradicts itself is refused before its data is used.</summary>
    /// <exception cref="DiskException">The tables are damaged or cannot be read.</exception>
    public static async Task CheckAsync(ISegmentMap map, long length, CancellationToken cancellationToken)
    {
        for (long offset = 0; offset < length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            offset = (await map.NextAsync(offset, length, cancellationToken).ConfigureAwait(false)).End;
        }
    }

    public async IAsyncEnumerable<DiskExtent> ReadExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        SparseMap fileMap = file.MapData();
        DiskExtent joined = default;
        for (long offset = 0; offset < length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Segment segment = await map.NextAsync(offset, length, cancellationToken).ConfigureAwait(false);
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
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, length - buffer.Length);
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
        map.Dispose();
        file.Dispose();
    }

    // A block may be allocated where the file itself has a hole, as after preallocation.
    private IEnumerable<DiskExtent> DataOf(Segment segment, SparseMap fileMap)
    {
        if (segment.Kind == SegmentKind.Made)
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
            case SegmentKind.Made:
                await map.ReadMadeAsync(segment, destination, cancellationToken).ConfigureAwait(false);
                break;
            case SegmentKind.Data:
                // Where a format lets the file end within its last block, the rest of it reads as zero.
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
