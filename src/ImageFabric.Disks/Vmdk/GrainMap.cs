using System.Buffers.Binary;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vmdk;

/// <summary>
/// Finds where the bytes of the disk are in the file, through the grain directory, kept in memory, and the grain tables, of which few are. The
/// redundant directory and tables are not looked at.
/// </summary>
internal sealed class GrainMap
{
    private const int CachedGroups = 128;

    private readonly SourceFile file;
    private readonly VmdkHeader header;
    private readonly uint[] directory;
    private readonly RecentlyUsed<GrainTables> tables;

    private GrainMap(SourceFile file, VmdkHeader header, uint[] directory, MetadataRegions regions)
    {
        this.file = file;
        this.header = header;
        this.directory = directory;
        Regions = regions;
        tables = new RecentlyUsed<GrainTables>(CachedGroups, LoadAsync);
    }

    /// <summary>Where header, descriptor, directory and tables are.</summary>
    public MetadataRegions Regions { get; }

    /// <summary>Reads the grain directory and checks that no two tables overlap and that all lie within the file.</summary>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>.</exception>
    public static async ValueTask<GrainMap> OpenAsync(SourceFile file, VmdkHeader header, DiskExtent descriptor, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[header.GrainDirectoryEntries * sizeof(uint)];
        await file.ReadAsync(header.GrainDirectoryOffset, bytes, cancellationToken).ConfigureAwait(false);
        uint[] directory = new uint[header.GrainDirectoryEntries];
        for (int i = 0; i < directory.Length; i++)
        {
            directory[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)));
            if (OffsetOf(directory[i]) > file.Length - header.GrainTableLength)
                throw new DiskException("ImageCorrupt", file.Path, "A grain table is not within the file.", header.GrainDirectoryOffset + (i * (long)sizeof(uint)));
        }

        return new GrainMap(file, header, directory, RegionsOf(file, header, descriptor, directory));
    }

    /// <summary>The longest segment that begins at <paramref name="offset"/>, ends at <paramref name="end"/> or before, and is described by tables that are kept together.</summary>
    /// <exception cref="DiskException">The tables are damaged or cannot be read.</exception>
    public async ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken)
    {
        long group = offset / header.GrainTableCoverage / GrainTables.Count;
        end = Math.Min(end, (group + 1) * GrainTables.Count * header.GrainTableCoverage);
        GrainTables found = await tables.GetAsync(group, cancellationToken).ConfigureAwait(false);
        Segment segment = found.Next(offset, end);
        long taken = segment.Kind == SegmentKind.Made ? GrainMarker.Length + 1 : segment.Length;
        if (segment.Kind != SegmentKind.Zero && !Regions.AreOutside(segment.FileOffset, taken))
            throw new DiskException("ImageCorrupt", file.Path, "A grain overlaps one of the file's tables.", segment.FileOffset);
        return segment;
    }

    private static long OffsetOf(uint sector) => (long)sector * VmdkHeader.SectorSize;

    private static MetadataRegions RegionsOf(SourceFile file, VmdkHeader header, DiskExtent descriptor, uint[] directory)
    {
        int count = 3 + directory.Count(sector => sector != 0);
        long[] starts = new long[count];
        long[] ends = new long[count];
        (starts[0], ends[0]) = (0, VmdkHeader.SectorSize);
        (starts[1], ends[1]) = (descriptor.Offset, descriptor.End);
        (starts[2], ends[2]) = (header.GrainDirectoryOffset, header.GrainDirectoryOffset + ((long)directory.Length * sizeof(uint)));
        int next = 3;
        foreach (uint sector in directory)
        {
            if (sector != 0)
                (starts[next], ends[next++]) = (OffsetOf(sector), OffsetOf(sector) + header.GrainTableLength);
        }

        return new MetadataRegions(file.Path, starts, ends);
    }

    private Task<GrainTables> LoadAsync(long group, CancellationToken cancellationToken)
    {
        int first = (int)group * GrainTables.Count;
        return GrainTables.ReadAsync(file, header, directory.AsMemory(first, Math.Min(GrainTables.Count, directory.Length - first)), cancellationToken);
    }
}
