using System.Buffers.Binary;
using System.Text;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Layouts;

namespace ImageFabric.Disks.Vhdx;

/// <summary>Writes all of a layout but the data.</summary>
internal sealed class VhdxTableWriter(TargetFile file, VhdxLayout layout)
{
    private const int PhysicalSectorSize = 4096;
    private const uint RequiredFlag = 4;
    private const uint RequiredFlagOfDisk = 6;
    private const uint LeaveBlocksAllocated = 1;

    /// <summary>The first bytes of the file. Section 2.2.1.</summary>
    public static byte[] FileTypeIdentifier()
    {
        byte[] identifier = new byte[VhdxFormat.KiB64];
        VhdxFormat.FileSignature.CopyTo(identifier);
        Encoding.Unicode.GetBytes("ImageFabric", identifier.AsSpan(8));
        return identifier;
    }

    /// <summary>Writes all but the file type identifier. The log is empty, so it stays a hole.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        await file.WriteAsync(VhdxLayout.BatOffset, Bat(), cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(VhdxLayout.MetadataOffset, Metadata(), cancellationToken).ConfigureAwait(false);
        byte[] regions = RegionTable();
        await file.WriteAsync(VhdxFormat.RegionTable1Offset, regions, cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(VhdxFormat.RegionTable2Offset, regions, cancellationToken).ConfigureAwait(false);
        var fileWriteGuid = Guid.NewGuid();
        var dataWriteGuid = Guid.NewGuid();
        await file.WriteAsync(VhdxFormat.Header1Offset, Header(1, fileWriteGuid, dataWriteGuid), cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(VhdxFormat.Header2Offset, Header(2, fileWriteGuid, dataWriteGuid), cancellationToken).ConfigureAwait(false);
    }

    // Section 2.2.2. LogGuid stays zero: the log is empty.
    private static byte[] Header(ulong sequenceNumber, Guid fileWriteGuid, Guid dataWriteGuid)
    {
        byte[] header = new byte[VhdxFormat.HeaderLength];
        VhdxFormat.HeaderSignature.CopyTo(header);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sequenceNumber);
        fileWriteGuid.TryWriteBytes(header.AsSpan(16));
        dataWriteGuid.TryWriteBytes(header.AsSpan(32));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(66), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(68), VhdxLayout.LogLength);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(72), VhdxLayout.LogOffset);
        VhdxFormat.SetChecksum(header);
        return header;
    }

    // Section 2.2.3.
    private byte[] RegionTable()
    {
        byte[] table = new byte[VhdxFormat.TableLength];
        VhdxFormat.RegionTableSignature.CopyTo(table);
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(8), 2);
        WriteRegion(table.AsSpan(16), VhdxFormat.BatRegion, VhdxLayout.BatOffset, layout.BatLength);
        WriteRegion(table.AsSpan(48), VhdxFormat.MetadataRegion, VhdxLayout.MetadataOffset, VhdxLayout.MetadataLength);
        VhdxFormat.SetChecksum(table);
        return table;
    }

    private static void WriteRegion(Span<byte> entry, Guid id, long offset, int length)
    {
        id.TryWriteBytes(entry);
        BinaryPrimitives.WriteInt64LittleEndian(entry[16..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(entry[24..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[28..], 1);
    }

    // Section 2.6: the table, and behind its 64 KiB the items.
    private byte[] Metadata()
    {
        byte[] parameters = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(parameters, layout.BlockSize);
        BinaryPrimitives.WriteUInt32LittleEndian(parameters.AsSpan(4), layout.IsFixed ? LeaveBlocksAllocated : 0);
        byte[] size = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(size, layout.Size);
        byte[] logicalSectorSize = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(logicalSectorSize, layout.SectorSize);
        byte[] physicalSectorSize = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(physicalSectorSize, PhysicalSectorSize);
        (Guid Id, uint Flags, byte[] Content)[] items =
        [
            (VhdxFormat.FileParameters, RequiredFlag, parameters), (VhdxFormat.VirtualDiskSize, RequiredFlagOfDisk, size),
            (VhdxFormat.VirtualDiskId, RequiredFlagOfDisk, Guid.NewGuid().ToByteArray()),
            (VhdxFormat.LogicalSectorSize, RequiredFlagOfDisk, logicalSectorSize), (VhdxFormat.PhysicalSectorSize, RequiredFlagOfDisk, physicalSectorSize),
        ];

        byte[] region = new byte[VhdxFormat.TableLength + items.Sum(item => item.Content.Length)];
        VhdxFormat.MetadataTableSignature.CopyTo(region);
        BinaryPrimitives.WriteUInt16LittleEndian(region.AsSpan(10), (ushort)items.Length);
        int place = VhdxFormat.TableLength;
        for (int i = 0; i < items.Length; i++)
        {
            Span<byte> entry = region.AsSpan((i + 1) * VhdxFormat.TableEntryLength, VhdxFormat.TableEntryLength);
            items[i].Id.TryWriteBytes(entry);
            BinaryPrimitives.WriteInt32LittleEndian(entry[16..], place);
            BinaryPrimitives.WriteInt32LittleEndian(entry[20..], items[i].Content.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[24..], items[i].Flags);
            items[i].Content.CopyTo(region.AsSpan(place));
            place += items[i].Content.Length;
        }

        return region;
    }

    // Section 2.5. Blocks without data are not present, sector bitmaps neither: both are entries of zero.
    private byte[] Bat()
    {
        byte[] bat = new byte[layout.BatEntries * 8];
        foreach (BlockRun run in layout.Runs)
        {
            for (long block = run.First; block < run.End; block++)
            {
                long offset = layout.DataOffset + ((run.DataIndex + (block - run.First)) * layout.BlockSize);
                long entry = block + (block / layout.ChunkRatio);
                BinaryPrimitives.WriteInt64LittleEndian(bat.AsSpan((int)entry * 8), offset | VhdxFormat.FullyPresent);
            }
        }

        return bat;
    }
}
