using System.Buffers.Binary;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Layouts;

namespace ImageFabric.Disks.Qcow2;

/// <summary>Writes the tables of a layout. Every cluster of the file is used exactly once, so every refcount is 1 and every entry is marked so.</summary>
internal sealed class Qcow2TableWriter(TargetFile file, Qcow2Layout layout)
{
    private const ulong CopiedBit = 1ul << 63;
    private const int HeaderLength = 112;

    /// <summary>The first cluster. Section "Header", version 3.</summary>
    public static byte[] Header(Qcow2Layout layout)
    {
        byte[] header = new byte[Qcow2Layout.ClusterSize];
        Qcow2Header.Magic.CopyTo(header);
        UInt32(header, 4, 3);
        UInt32(header, 20, Qcow2Layout.ClusterBits);
        UInt64(header, 24, (ulong)layout.Size);
        UInt32(header, 36, (uint)layout.L1Entries);
        UInt64(header, 40, (ulong)layout.L1TableOffset);
        UInt64(header, 48, (ulong)layout.RefcountTableOffset);
        UInt32(header, 56, (uint)layout.RefcountTableClusters);
        UInt32(header, 96, 4);
        UInt32(header, 100, HeaderLength);
        return header;
    }

    /// <summary>Writes all but the header.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        byte[] l1 = new byte[layout.RefcountTableOffset - layout.L1TableOffset];
        await WriteL2Async(l1, cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(layout.L1TableOffset, l1, cancellationToken).ConfigureAwait(false);
        await WriteRefcountsAsync(cancellationToken).ConfigureAwait(false);
    }

    private static void UInt32(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset), value);

    private static void UInt64(byte[] bytes, long offset, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan((int)offset), value);

    private async Task WriteL2Async(byte[] l1, CancellationToken cancellationToken)
    {
        byte[] table = new byte[Qcow2Layout.ClusterSize];
        long tableOffset = layout.L2TablesOffset;
        long current = -1;
        foreach (BlockRun run in layout.Runs)
        {
            for (long cluster = run.First; cluster < run.End; cluster++)
            {
                long index = cluster / Qcow2Layout.L2Entries;
                if (index != current && current >= 0)
                {
                    await file.WriteAsync(tableOffset, table, cancellationToken).ConfigureAwait(false);
                    tableOffset += Qcow2Layout.ClusterSize;
                    Array.Clear(table);
                }

                if (index != current)
                    UInt64(l1, index * 8, (ulong)tableOffset | CopiedBit);
                current = index;
                long dataIndex = run.DataIndex + (cluster - run.First);
                UInt64(table, cluster % Qcow2Layout.L2Entries * 8, (ulong)(layout.DataOffset + (dataIndex << Qcow2Layout.ClusterBits)) | CopiedBit);
            }
        }

        if (current >= 0)
            await file.WriteAsync(tableOffset, table, cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteRefcountsAsync(CancellationToken cancellationToken)
    {
        byte[] table = new byte[layout.RefcountTableClusters * Qcow2Layout.ClusterSize];
        byte[] block = new byte[Qcow2Layout.ClusterSize];
        long clusters = layout.FileLength >> Qcow2Layout.ClusterBits;
        for (long i = 0; i < layout.RefcountBlocks; i++)
        {
            long blockOffset = layout.RefcountBlocksOffset + (i * Qcow2Layout.ClusterSize);
            UInt64(table, i * 8, (ulong)blockOffset);
            long counted = Math.Clamp(clusters - (i * Qcow2Layout.RefcountsPerBlock), 0, Qcow2Layout.RefcountsPerBlock);
            Array.Clear(block);
            for (int entry = 0; entry < counted; entry++)
                block[(entry * 2) + 1] = 1;
            await file.WriteAsync(blockOffset, block, cancellationToken).ConfigureAwait(false);
        }

        await file.WriteAsync(layout.RefcountTableOffset, table, cancellationToken).ConfigureAwait(false);
    }
}
