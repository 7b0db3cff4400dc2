using System.Buffers.Binary;
using System.Numerics;

namespace ImageFabric.Disks.Vhdx;

/// <summary>What the metadata says of the disk. Section 2.6.2.</summary>
/// <param name="BlockSize">Bytes of a payload block.</param>
/// <param name="VirtualDiskSize">Bytes of the disk.</param>
/// <param name="LogicalSectorSize">512 or 4096.</param>
/// <param name="IsFixed">True when blocks stay allocated (LeaveBlocksAllocated), as in a fixed disk.</param>
internal sealed record VhdxMetadata(int BlockSize, long VirtualDiskSize, int LogicalSectorSize, bool IsFixed)
{
    private const uint LeaveBlocksAllocatedBit = 1;
    private const uint HasParentBit = 2;

    /// <exception cref="DiskException">The metadata is damaged, or names a parent, or the file needs an item that is not known.</exception>
    public static async ValueTask<VhdxMetadata> ReadAsync(ReplayedFile file, DiskExtent region, CancellationToken cancellationToken)
    {
        VhdxMetadataTable table = await VhdxMetadataTable.ReadAsync(file, region, cancellationToken).ConfigureAwait(false);

        // Before anything else is looked at: what another file holds must never be read in the publisher's name.
        if (table.Has(VhdxFormat.ParentLocator))
            throw new DiskException("ForeignReference", file.Path, "The VHDX file names a parent: it holds only the differences from another file.", region.Offset);
        (byte[] parameters, long parametersOffset) = await table.ReadAsync(VhdxFormat.FileParameters, 8, cancellationToken).ConfigureAwait(false);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(parameters.AsSpan(4));
        if ((flags & HasParentBit) != 0)
            throw new DiskException("ForeignReference", file.Path, "The VHDX file has a parent: it holds only the differences from another file.", parametersOffset);
        if (table.Unknown is { } unknown)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"The VHDX file needs the metadata item {unknown.Id}, which is not known.", unknown.EntryOffset);
        if ((flags & ~LeaveBlocksAllocatedBit) != 0)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"The VHDX file has parameters that are not known (0x{flags:x}).", parametersOffset + 4);

        uint blockSize = BinaryPrimitives.ReadUInt32LittleEndian(parameters);
        if (blockSize is < VhdxFormat.SmallestBlock or > VhdxFormat.LargestBlock || !BitOperations.IsPow2(blockSize))
            throw Corrupt(file, $"BlockSize is {blockSize}", parametersOffset);
        int logicalSectorSize = await ReadSectorSizeAsync(file, table, VhdxFormat.LogicalSectorSize, cancellationToken).ConfigureAwait(false);
        _ = await ReadSectorSizeAsync(file, table, VhdxFormat.PhysicalSectorSize, cancellationToken).ConfigureAwait(false);
        _ = await table.ReadAsync(VhdxFormat.VirtualDiskId, 16, cancellationToken).ConfigureAwait(false);

        (byte[] size, long sizeOffset) = await table.ReadAsync(VhdxFormat.VirtualDiskSize, 8, cancellationToken).ConfigureAwait(false);
        ulong virtualDiskSize = BinaryPrimitives.ReadUInt64LittleEndian(size);
        if (virtualDiskSize > VhdxFormat.LargestDisk || virtualDiskSize % (ulong)logicalSectorSize != 0)
            throw Corrupt(file, $"VirtualDiskSize is {virtualDiskSize}", sizeOffset);
        return new VhdxMetadata((int)blockSize, (long)virtualDiskSize, logicalSectorSize, (flags & LeaveBlocksAllocatedBit) != 0);
    }

    private static async ValueTask<int> ReadSectorSizeAsync(ReplayedFile file, VhdxMetadataTable table, Guid item, CancellationToken cancellationToken)
    {
        (byte[] content, long offset) = await table.ReadAsync(item, 4, cancellationToken).ConfigureAwait(false);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(content);
        return size is 512 or 4096 ? (int)size : throw Corrupt(file, $"A sector size is {size}", offset);
    }

    private static DiskException Corrupt(ReplayedFile file, string what, long offset) => new("ImageCorrupt", file.Path, what + ", which cannot be.", offset);
}
