using System.Buffers.Binary;
using System.Numerics;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Vdi;

/// <summary>The header of a VirtualBox disk image, version 1.1, that stands alone. Names are those of qemu's block/vdi.c, VdiHeader.</summary>
internal sealed record VdiHeader
{
    /// <summary>Where the signature is, behind the text, in bytes.</summary>
    public const int SignatureOffset = 0x40;

    public const int SectorSize = 512;

    private const int Length = 0x1c8;
    private const uint Version11 = 0x0001_0001;
    private const int HeaderSizeOffset = 0x48;
    private const uint MinimumHeaderSize = 0x180;
    private const int MinimumBlockSize = 1 << 20;
    private const int MaximumBlockSize = 1 << 30;
    private const int UuidLength = 16;
    private const uint Fixed = 2;

    private VdiHeader()
    {
    }

    /// <summary>0xbeda107f.</summary>
    public static ReadOnlySpan<byte> Signature => [0x7f, 0x10, 0xda, 0xbe];

    /// <summary>Size of the disk in bytes, which may be no multiple of 512.</summary>
    public required long DiskSize { get; init; }

    /// <summary>Bytes of a block; a power of two.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Where the block map is in the file, in bytes.</summary>
    public required long BlockMapOffset { get; init; }

    /// <summary>Where the first block is in the file, in bytes.</summary>
    public required long DataOffset { get; init; }

    /// <summary>True when every block has had its place from the begin.</summary>
    public required bool IsFixed { get; init; }

    /// <summary>How many blocks of the disk the map describes that the disk has.</summary>
    public long Blocks => (DiskSize / BlockSize) + (DiskSize % BlockSize == 0 ? 0 : 1);

    /// <exception cref="DiskException">The file is damaged, or refers to another file, or uses what cannot be read.</exception>
    public static async ValueTask<VdiHeader> ReadAsync(SourceFile file, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[(int)Math.Min(Length, file.Length)];
        await file.ReadAsync(0, bytes, cancellationToken).ConfigureAwait(false);
        return Parse(file, bytes);
    }

    private static VdiHeader Parse(SourceFile file, byte[] bytes)
    {
        if (bytes.Length < Length)
            throw Corrupt(file, "The file ends within its VDI header", 0);
        if (UInt32(bytes, 0x44) != Version11)
            throw new DiskException("FormatNotSupported", file.Path, $"The VDI version {UInt32(bytes, 0x44) >> 16}.{UInt32(bytes, 0x44) & 0xffff} is not known.", 0x44);

        // Before anything else is looked at: what another file holds must never be read in the publisher's name.
        CheckStandsAlone(file, bytes);
        if (UInt32(bytes, 0x168) != SectorSize)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"The VDI file has sectors of {UInt32(bytes, 0x168)} bytes.", 0x168);
        if (UInt32(bytes, 0x17c) != 0)
            throw new DiskException("FormatFeatureNotSupported", file.Path, "The blocks of the VDI file have extra data (block_extra).", 0x17c);
        uint blockSize = UInt32(bytes, 0x178);
        if (blockSize is < MinimumBlockSize or > MaximumBlockSize || !BitOperations.IsPow2(blockSize))
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"block_size is {blockSize}, which is no power of two within 1 MiB to 1 GiB.", 0x178);

        ulong diskSize = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(0x170));
        if (diskSize > (ulong)UInt32(bytes, 0x180) * blockSize)
            throw Corrupt(file, $"blocks_in_image is {UInt32(bytes, 0x180)}, which is too few for the disk", 0x180);
        CheckPlaces(file, bytes);
        return new VdiHeader
        {
            DiskSize = (long)diskSize,
            BlockSize = (int)blockSize,
            BlockMapOffset = UInt32(bytes, 0x154),
            DataOffset = UInt32(bytes, 0x158),
            IsFixed = UInt32(bytes, 0x4c) == Fixed,
        };
    }

    private static void CheckStandsAlone(SourceFile file, byte[] bytes)
    {
        const uint Dynamic = 1;
        const uint Undo = 3;
        const uint Differencing = 4;
        uint type = UInt32(bytes, 0x4c);
        if (type is Undo or Differencing)
            throw new DiskException("ForeignReference", file.Path, "The VDI file holds only the differences from another disk.", 0x4c);
        foreach (int uuid in new[] { 0x1a8, 0x1b8 })
        {
            if (bytes.AsSpan(uuid, UuidLength).ContainsAnyExcept((byte)0))
                throw new DiskException("ForeignReference", file.Path, "The VDI file has a parent.", uuid);
        }

        if (type is not (Dynamic or Fixed))
            throw new DiskException("FormatNotSupported", file.Path, $"The VDI image_type {type} is not known.", 0x4c);
    }

    // Header, block map and blocks follow each other, each at a whole sector.
    private static void CheckPlaces(SourceFile file, byte[] bytes)
    {
        uint headerSize = UInt32(bytes, HeaderSizeOffset);
        uint map = UInt32(bytes, 0x154);
        uint data = UInt32(bytes, 0x158);
        long mapEnd = map + ((long)UInt32(bytes, 0x180) * sizeof(uint));
        if (headerSize < MinimumHeaderSize || headerSize > file.Length)
            throw Corrupt(file, $"header_size is {headerSize}", HeaderSizeOffset);
        if (map % SectorSize != 0 || map < HeaderSizeOffset + headerSize || mapEnd > file.Length)
            throw Corrupt(file, "The block map is not within the file, or not aligned, or overlaps the header", 0x154);
        if (data % SectorSize != 0 || data < mapEnd)
            throw Corrupt(file, "The blocks are not aligned, or overlap the block map", 0x158);
    }

    private static DiskException Corrupt(SourceFile file, string what, long offset) => new("ImageCorrupt", file.Path, what + ".", offset);

    private static uint UInt32(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));
}
