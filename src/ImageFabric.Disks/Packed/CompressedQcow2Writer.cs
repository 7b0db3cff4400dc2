using System.Buffers.Binary;
using System.Collections.Concurrent;
using ImageFabric.Disks.Compression;
using ImageFabric.Disks.Qcow2;

namespace ImageFabric.Disks.Packed;

/// <summary>
/// Writes a qcow2 of version 3 whose clusters are compressed with zstd, one behind the other: qemu's docs/interop/qcow2.txt, sections "Cluster mapping"
/// (Compressed Clusters Descriptor) and "Host cluster management". In the file's order: header, data with each L2 table behind its clusters, L1 table,
/// refcount blocks, refcount table.
/// </summary>
internal sealed class CompressedQcow2Writer(ILogicalDisk disk, AppendedFile file) : IDisposable
{
    private const int ClusterBits = Qcow2Layout.ClusterBits;
    private const int ClusterSize = Qcow2Layout.ClusterSize;
    private const int SectorSize = 512;
    private const ulong CopiedBit = 1ul << 63;
    private const ulong CompressedBit = 1ul << 62;

    /// <summary>x of the specification: 62 - (cluster_bits - 8).</summary>
    private const int SectorCountShift = 62 - (ClusterBits - 8);

    private const int HeaderLength = 112;
    private const ulong CompressionTypeBit = 1ul << 3;
    private const byte ZstdType = 1;

    private readonly ConcurrentBag<ZstdCodec> codecs = [];
    private readonly List<ushort> refcounts = [];
    private readonly byte[] l2 = new byte[ClusterSize];

    public async Task WriteAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        long size = (disk.Length + SectorSize - 1) & -SectorSize;
        long coverage = (long)ClusterSize * Qcow2Layout.L2Entries;
        if (size > Qcow2Layout.LargestDisk)
            throw new DiskException("ImageTooLarge", file.Path, $"The disk has {size} bytes; a qcow2 file can have {Qcow2Layout.LargestDisk}.");
        byte[] l1 = new byte[(int)((size + coverage - 1) / coverage) * 8];
        await file.AppendAsync(new byte[ClusterSize], cancellationToken).ConfigureAwait(false);
        Count(0, ClusterSize);

        long table = -1;
        await foreach (DiskBlock cluster in DiskBlocks.ReadAsync(disk, ClusterSize, Compress, ClusterSize, cancellationToken).ConfigureAwait(false))
        {
            if (cluster.Number / Qcow2Layout.L2Entries != table)
            {
                await WriteL2Async(l1, table, cancellationToken).ConfigureAwait(false);
                table = cluster.Number / Qcow2Layout.L2Entries;
            }

            ulong entry = await WriteClusterAsync(cluster, cancellationToken).ConfigureAwait(false);
            BinaryPrimitives.WriteUInt64BigEndian(l2.AsSpan((int)(cluster.Number % Qcow2Layout.L2Entries) * 8), entry);
            progress?.Report((cluster.Number + 1) * ClusterSize);
        }

        await WriteL2Async(l1, table, cancellationToken).ConfigureAwait(false);
        long l1Offset = await AppendClustersAsync(l1, cancellationToken).ConfigureAwait(false);
        (long tableOffset, int tableClusters) = await WriteRefcountsAsync(cancellationToken).ConfigureAwait(false);
        await file.CompleteAsync(Header(size, l1.Length / 8, l1Offset, tableOffset, tableClusters), cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        while (codecs.TryTake(out ZstdCodec? codec))
            codec.Dispose();
    }

    private static byte[] Header(long size, int l1Entries, long l1Offset, long refcountTableOffset, int refcountTableClusters)
    {
        byte[] header = new byte[ClusterSize];
        Qcow2Header.Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(20), ClusterBits);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(24), size);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(36), l1Entries);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(40), l1Offset);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(48), refcountTableOffset);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(56), refcountTableClusters);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(72), CompressionTypeBit);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(96), 4);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(100), HeaderLength);
        header[104] = ZstdType;
        return header;
    }

    // No use is made of what saves less than a sector.
    private int Compress(byte[] content, byte[] packed)
    {
        if (!codecs.TryTake(out ZstdCodec? codec))
            codec = new ZstdCodec();
        int length = codec.Compress(content, packed.AsSpan(0, ClusterSize - SectorSize));
        codecs.Add(codec);
        return length;
    }

    private async ValueTask<ulong> WriteClusterAsync(DiskBlock cluster, CancellationToken cancellationToken)
    {
        if (cluster.PackedLength < 0)
            return (ulong)await AppendClustersAsync(cluster.Content, cancellationToken).ConfigureAwait(false) | CopiedBit;
        long offset = file.Length;
        int further = (int)((offset % SectorSize) + cluster.PackedLength - 1) / SectorSize;
        await file.AppendAsync(cluster.Packed.AsMemory(0, cluster.PackedLength), cancellationToken).ConfigureAwait(false);
        Count(offset & -SectorSize, (further + 1) * SectorSize);
        return CompressedBit | ((ulong)further << SectorCountShift) | (ulong)offset;
    }

    private async ValueTask WriteL2Async(byte[] l1, long table, CancellationToken cancellationToken)
    {
        if (table < 0)
            return;
        long offset = await AppendClustersAsync(l2, cancellationToken).ConfigureAwait(false);
        BinaryPrimitives.WriteUInt64BigEndian(l1.AsSpan((int)table * 8), (ulong)offset | CopiedBit);
        Array.Clear(l2);
    }

    /// <summary>Appends whole clusters of their own, and says where.</summary>
    private async ValueTask<long> AppendClustersAsync(byte[] content, CancellationToken cancellationToken)
    {
        file.Align(ClusterSize);
        long offset = file.Length;
        await file.AppendAsync(content, cancellationToken).ConfigureAwait(false);
        file.Align(ClusterSize);
        Count(offset, file.Length - offset);
        return offset;
    }

    // The blocks and their table count themselves, too.
    private async ValueTask<(long TableOffset, int TableClusters)> WriteRefcountsAsync(CancellationToken cancellationToken)
    {
        file.Align(ClusterSize);
        long start = file.Length;
        (long tableClusters, long blocks) = Qcow2Layout.RefcountClusters(start / ClusterSize);
        Count(start, (blocks + tableClusters) * ClusterSize);
        byte[] table = new byte[tableClusters * ClusterSize];
        byte[] block = new byte[ClusterSize];
        for (int b = 0; b < blocks; b++)
        {
            Array.Clear(block);
            int first = b * Qcow2Layout.RefcountsPerBlock;
            for (int i = first; i < Math.Min(first + Qcow2Layout.RefcountsPerBlock, refcounts.Count); i++)
                BinaryPrimitives.WriteUInt16BigEndian(block.AsSpan((i - first) * 2), refcounts[i]);
            BinaryPrimitives.WriteInt64BigEndian(table.AsSpan(b * 8), file.Length);
            await file.AppendAsync(block, cancellationToken).ConfigureAwait(false);
        }

        long tableOffset = file.Length;
        await file.AppendAsync(table, cancellationToken).ConfigureAwait(false);
        return (tableOffset, (int)tableClusters);
    }

    private void Count(long offset, long length)
    {
        int last = (int)((offset + length - 1) / ClusterSize);
        while (refcounts.Count <= last)
            refcounts.Add(0);
        for (int cluster = (int)(offset / ClusterSize); cluster <= last; cluster++)
            refcounts[cluster]++;
    }
}
