using System.Buffers.Binary;

namespace ImageFabric.Disks.Vhdx;

/// <summary>The metadata table: which items there are, and where. Section 2.6.1.</summary>
internal sealed class VhdxMetadataTable
{
    private const int HeaderLength = 32;
    private const int LargestItem = VhdxFormat.MiB;
    private const uint IsUserBit = 1;
    private const uint IsRequiredBit = 4;

    private static readonly HashSet<Guid> Known =
    [
        VhdxFormat.FileParameters, VhdxFormat.VirtualDiskSize, VhdxFormat.VirtualDiskId, VhdxFormat.LogicalSectorSize, VhdxFormat.PhysicalSectorSize,
        VhdxFormat.ParentLocator,
    ];

    private readonly ReplayedFile file;
    private readonly DiskExtent region;
    private readonly Dictionary<Guid, (long Offset, int Length)> items = [];

    private VhdxMetadataTable(ReplayedFile file, DiskExtent region)
    {
        this.file = file;
        this.region = region;
    }

    /// <summary>The first item that the file needs and that is not known, with the place of its entry.</summary>
    public (Guid Id, long EntryOffset)? Unknown { get; private set; }

    /// <exception cref="DiskException">The table is damaged.</exception>
    public static async ValueTask<VhdxMetadataTable> ReadAsync(ReplayedFile file, DiskExtent region, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[VhdxFormat.TableLength];
        await file.ReadAsync(region.Offset, bytes, cancellationToken).ConfigureAwait(false);
        if (!bytes.AsSpan().StartsWith(VhdxFormat.MetadataTableSignature))
            throw new DiskException("ImageCorrupt", file.Path, "The metadata region has no metadata table.", region.Offset);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(10));
        if (count > VhdxFormat.MostTableEntries)
            throw new DiskException("ImageCorrupt", file.Path, $"The metadata table has {count} entries.", region.Offset + 10);
        var table = new VhdxMetadataTable(file, region);
        for (int i = 0; i < count; i++)
        {
            int at = HeaderLength + (i * VhdxFormat.TableEntryLength);
            table.Add(bytes.AsSpan(at, VhdxFormat.TableEntryLength), region.Offset + at);
        }

        return table;
    }

    public bool Has(Guid id) => items.ContainsKey(id);

    /// <summary>Reads an item of fixed length.</summary>
    /// <returns>Its bytes, and where in the file they are.</returns>
    /// <exception cref="DiskException">There is no such item, or it is of another length.</exception>
    public async ValueTask<(byte[] Content, long Offset)> ReadAsync(Guid id, int length, CancellationToken cancellationToken)
    {
        if (!items.TryGetValue(id, out (long Offset, int Length) item) || item.Length != length)
            throw new DiskException("ImageCorrupt", file.Path, $"The metadata item {id} is missing, or not of {length} bytes.", region.Offset);
        byte[] content = new byte[length];
        await file.ReadAsync(item.Offset, content, cancellationToken).ConfigureAwait(false);
        return (content, item.Offset);
    }

    // Section 2.6.1.2. Items of users have ids of their own making, so none of theirs is one that is known.
    private void Add(ReadOnlySpan<byte> entry, long entryOffset)
    {
        var id = new Guid(entry[..16]);
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
        if ((flags & IsUserBit) != 0 || !Known.Contains(id))
        {
            if ((flags & IsRequiredBit) != 0)
                Unknown ??= (id, entryOffset);
            return;
        }

        if (length > LargestItem || (length > 0 && (offset < VhdxFormat.TableLength || offset > region.Length - length)))
            throw new DiskException("ImageCorrupt", file.Path, $"The metadata item {id} is not within the metadata region.", entryOffset);
        if (!items.TryAdd(id, (region.Offset + offset, (int)length)))
            throw new DiskException("ImageCorrupt", file.Path, $"The metadata table has the item {id} twice.", entryOffset);
    }
}
