using System.Buffers.Binary;

namespace ImageFabric.Disks.Vhdx;

/// <summary>Where the BAT and the metadata are. Section 2.2.3.</summary>
/// <param name="Bat">Place of the BAT region in the file.</param>
/// <param name="Metadata">Place of the metadata region in the file.</param>
/// <param name="All">All regions, also those that are not known.</param>
internal sealed record VhdxRegions(DiskExtent Bat, DiskExtent Metadata, IReadOnlyList<DiskExtent> All)
{
    private const int HeaderLength = 16;

    /// <exception cref="DiskException">Neither region table is valid, or the file needs a region that is not known.</exception>
    public static async ValueTask<VhdxRegions> ReadAsync(ReplayedFile file, CancellationToken cancellationToken)
    {
        byte[] table = new byte[VhdxFormat.TableLength];
        foreach (long offset in new[] { VhdxFormat.RegionTable1Offset, VhdxFormat.RegionTable2Offset })
        {
            await file.ReadAsync(offset, table, cancellationToken).ConfigureAwait(false);
            if (table.AsSpan().StartsWith(VhdxFormat.RegionTableSignature) && VhdxFormat.ChecksumIsRight(table))
                return Parse(file, table, offset);
        }

        throw new DiskException("ImageCorrupt", file.Path, "Neither region table is valid.", VhdxFormat.RegionTable1Offset);
    }

    private static VhdxRegions Parse(ReplayedFile file, byte[] table, long tableOffset)
    {
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(8));
        if (count > VhdxFormat.MostTableEntries)
            throw new DiskException("ImageCorrupt", file.Path, $"The region table has {count} entries.", tableOffset + 8);
        DiskExtent? bat = null;
        DiskExtent? metadata = null;
        List<DiskExtent> all = [];
        for (int i = 0; i < count; i++)
        {
            int at = HeaderLength + (i * VhdxFormat.TableEntryLength);
            ReadOnlySpan<byte> entry = table.AsSpan(at, VhdxFormat.TableEntryLength);
            var id = new Guid(entry[..16]);
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
            bool known = id == VhdxFormat.BatRegion || id == VhdxFormat.MetadataRegion;
            if (!known && (entry[28] & 1) != 0)
                throw new DiskException("FormatFeatureNotSupported", file.Path, $"The VHDX file needs the region {id}, which is not known.", tableOffset + at);
            if (offset % VhdxFormat.MiB != 0 || length % VhdxFormat.MiB != 0 || length == 0 || offset < VhdxFormat.HeaderSectionLength
                || offset > (ulong)file.Length || length > (ulong)file.Length - offset)
            {
                throw new DiskException("ImageCorrupt", file.Path, "A region is not within the file, or not aligned.", tableOffset + at);
            }

            var place = new DiskExtent((long)offset, length);
            all.Add(place);
            if ((id == VhdxFormat.BatRegion && bat is not null) || (id == VhdxFormat.MetadataRegion && metadata is not null))
                throw new DiskException("ImageCorrupt", file.Path, "The region table has a region twice.", tableOffset + at);
            if (id == VhdxFormat.BatRegion)
                bat = place;
            if (id == VhdxFormat.MetadataRegion)
                metadata = place;
        }

        if (bat is null || metadata is null)
            throw new DiskException("ImageCorrupt", file.Path, "The region table has no BAT or no metadata.", tableOffset);
        return new VhdxRegions(bat.Value, metadata.Value, all);
    }
}
