using System.Buffers.Binary;
using System.Numerics;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Vhd;

/// <summary>The dynamic disk header. Section "Dynamic Disk Header Format".</summary>
/// <param name="FileOffset">Where it is in the file.</param>
/// <param name="TableOffset">Where the block allocation table is.</param>
/// <param name="MaxTableEntries">How many entries that has.</param>
/// <param name="BlockSize">Bytes of a block, its bitmap not counted; a power of two.</param>
internal sealed record VhdDynamicHeader(long FileOffset, long TableOffset, uint MaxTableEntries, long BlockSize)
{
    public const int Length = 1024;
    public const int ChecksumOffset = 36;
    public const uint HeaderVersion = 0x0001_0000;

    /// <summary>With smaller blocks the bitmap would have less than a byte; qemu and the specification then disagree on where the data begins.</summary>
    private const uint SmallestBlock = 8 * VhdFooter.SectorSize;

    public static ReadOnlySpan<byte> Cookie => "cxsparse"u8;

    /// <summary>Bytes of the bitmap before each block: a bit per sector, filled up to whole sectors.</summary>
    public int BitmapLength => (int)(((BlockSize / VhdFooter.SectorSize / 8) + VhdFooter.SectorSize - 1) & -VhdFooter.SectorSize);

    /// <exception cref="DiskException"><c>ImageCorrupt</c>, or <c>FormatNotSupported</c> for another version.</exception>
    public static async ValueTask<VhdDynamicHeader> ReadAsync(SourceFile file, VhdFooter footer, CancellationToken cancellationToken)
    {
        if (file.Length < Length || footer.DataOffset > (ulong)(file.Length - Length))
            throw new DiskException("ImageCorrupt", file.Path, "The dynamic disk header is not within the file.", footer.FileOffset + 16);
        long offset = (long)footer.DataOffset;
        byte[] bytes = new byte[Length];
        await file.ReadAsync(offset, bytes, cancellationToken).ConfigureAwait(false);
        if (!bytes.AsSpan().StartsWith(Cookie) || !VhdChecksum.IsRight(bytes, ChecksumOffset))
            throw new DiskException("ImageCorrupt", file.Path, "The dynamic disk header has no cookie, or a checksum that is not right.", offset);
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(24)) is var version && version >> 16 != HeaderVersion >> 16)
            throw new DiskException("FormatNotSupported", file.Path, $"The VHD header version 0x{version:x} is not known.", offset + 24);
        uint blockSize = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(32));
        if (blockSize < SmallestBlock || !BitOperations.IsPow2(blockSize))
            throw new DiskException("ImageCorrupt", file.Path, $"Block Size is {blockSize}, which cannot be.", offset + 32);
        ulong tableOffset = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(16));
        if (tableOffset > (ulong)file.Length)
            throw new DiskException("ImageCorrupt", file.Path, "The block allocation table is not within the file.", offset + 16);
        return new VhdDynamicHeader(offset, (long)tableOffset, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(28)), blockSize);
    }
}
