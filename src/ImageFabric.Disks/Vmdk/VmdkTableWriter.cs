using System.Buffers.Binary;
using System.Text;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Layouts;

namespace ImageFabric.Disks.Vmdk;

/// <summary>Writes the header, the descriptor and the tables of a layout. The redundant tables say the same as the others, in their own place.</summary>
internal sealed class VmdkTableWriter(TargetFile file, VmdkLayout layout)
{
    private const int TablesAtOnce = 128;

    // The geometry that VMware gives disks at an IDE adapter.
    private const int Heads = 16;
    private const int SectorsPerTrack = 63;
    private const int MostCylinders = 16383;

    private readonly byte[] tables = new byte[TablesAtOnce * VmdkHeader.LargestTableLength];
    private long firstTable;
    private int tableCount;

    /// <summary>The first sector.</summary>
    public static byte[] Header(VmdkLayout layout)
    {
        const uint NewlineTest = 1;
        const uint RedundantTable = 2;
        byte[] header = new byte[VmdkHeader.SectorSize];
        VmdkHeader.Magic.CopyTo(header);
        UInt32(header, 4, 1);
        UInt32(header, 8, NewlineTest | RedundantTable);
        Sectors(12, layout.Size);
        Sectors(20, VmdkLayout.GrainSize);
        Sectors(28, VmdkLayout.DescriptorOffset);
        Sectors(36, VmdkLayout.DescriptorLength);
        UInt32(header, 44, VmdkHeader.MostTableEntries);
        Sectors(48, layout.RedundantDirectoryOffset);
        Sectors(56, layout.DirectoryOffset);
        Sectors(64, layout.DataOffset);
        "\n \r\n"u8.CopyTo(header.AsSpan(73));
        return header;

        void Sectors(int offset, long bytes) => BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(offset), bytes / VmdkHeader.SectorSize);
    }

    /// <summary>Writes all but the header.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        byte[] descriptor = new byte[VmdkLayout.DescriptorLength];
        Encoding.ASCII.GetBytes(Descriptor(layout.Size, "monolithicSparse", "RW"), descriptor);
        await file.WriteAsync(VmdkLayout.DescriptorOffset, descriptor, cancellationToken).ConfigureAwait(false);
        await WriteDirectoryAsync(layout.RedundantDirectoryOffset, cancellationToken).ConfigureAwait(false);
        await WriteDirectoryAsync(layout.DirectoryOffset, cancellationToken).ConfigureAwait(false);
        foreach (BlockRun run in layout.Runs)
        {
            for (long grain = run.First; grain < run.End; grain++)
            {
                long table = grain / VmdkHeader.MostTableEntries;
                if (tableCount == 0 || table >= firstTable + tableCount)
                    await TurnToAsync(table, cancellationToken).ConfigureAwait(false);
                long place = layout.DataOffset + ((run.DataIndex + (grain - run.First)) << VmdkLayout.GrainBits);
                UInt32(tables, (int)((grain - (firstTable * VmdkHeader.MostTableEntries)) * sizeof(uint)), (uint)(place / VmdkHeader.SectorSize));
            }
        }

        await WriteTablesAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The descriptor. Deterministic, as all of the layout is: the content id is the one that VMware gives a disk that was never written to.</summary>
    /// <param name="size">Size of the disk in bytes.</param>
    /// <param name="createType">The subformat.</param>
    /// <param name="access">What may be done with the extent: <c>RW</c> or <c>RDONLY</c>.</param>
    public static string Descriptor(long size, string createType, string access)
    {
        long sectors = size / VmdkHeader.SectorSize;
        long cylinders = Math.Clamp(sectors / (Heads * SectorsPerTrack), 1, MostCylinders);
        return $"""
            # Disk DescriptorFile
            version=1
            CID=fffffffe
            parentCID=ffffffff
            createType="{createType}"

            # Extent description
            {access} {sectors} SPARSE "disk.vmdk"

            # The Disk Data Base
            #DDB

            ddb.virtualHWVersion = "4"
            ddb.geometry.cylinders = "{cylinders}"
            ddb.geometry.heads = "{Heads}"
            ddb.geometry.sectors = "{SectorsPerTrack}"
            ddb.adapterType = "ide"

            """;
    }

    private static void UInt32(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);

    private Task WriteDirectoryAsync(long offset, CancellationToken cancellationToken)
    {
        byte[] directory = new byte[layout.DirectoryLength];
        for (int i = 0; i < layout.TableCount; i++)
            UInt32(directory, i * sizeof(uint), (uint)(TableOffset(offset, i) / VmdkHeader.SectorSize));
        return file.WriteAsync(offset, directory, cancellationToken).AsTask();
    }

    private long TableOffset(long directoryOffset, long table) => directoryOffset + layout.DirectoryLength + (table * VmdkHeader.LargestTableLength);

    // Neighbouring tables are written together.
    private async ValueTask TurnToAsync(long table, CancellationToken cancellationToken)
    {
        if (tableCount == 0 || tableCount == TablesAtOnce || table != firstTable + tableCount)
        {
            await WriteTablesAsync(cancellationToken).ConfigureAwait(false);
            Array.Clear(tables);
            (firstTable, tableCount) = (table, 0);
        }

        tableCount++;
    }

    private async ValueTask WriteTablesAsync(CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> content = tables.AsMemory(0, tableCount * VmdkHeader.LargestTableLength);
        await file.WriteAsync(TableOffset(layout.RedundantDirectoryOffset, firstTable), content, cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(TableOffset(layout.DirectoryOffset, firstTable), content, cancellationToken).ConfigureAwait(false);
    }
}
