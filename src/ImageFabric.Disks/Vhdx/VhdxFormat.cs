using System.Buffers.Binary;
using System.Numerics;

namespace ImageFabric.Disks.Vhdx;

/// <summary>The constants of [MS-VHDX] and its checksum. Section numbers in this folder are those of [MS-VHDX].</summary>
internal static class VhdxFormat
{
    public const int KiB64 = 64 << 10;
    public const int MiB = 1 << 20;

    /// <summary>The header section takes the first MiB. Section 2.2.</summary>
    public const long HeaderSectionLength = MiB;

    public const long Header1Offset = KiB64;
    public const long Header2Offset = 2 * KiB64;
    public const long RegionTable1Offset = 3 * KiB64;
    public const long RegionTable2Offset = 4 * KiB64;
    public const int HeaderLength = 4096;

    /// <summary>Bytes of a region table or of a metadata table, entries included.</summary>
    public const int TableLength = KiB64;

    /// <summary>Most entries of a region table or of a metadata table. Sections 2.2.3.1 and 2.6.1.1.</summary>
    public const int MostTableEntries = 2047;

    public const int TableEntryLength = 32;
    public const int SmallestBlock = MiB;
    public const int LargestBlock = 256 * MiB;
    public const long LargestDisk = 64L << 40;

    /// <summary>Sectors that one sector bitmap block describes. Section 2.4.2.</summary>
    public const long SectorsPerBitmapBlock = 1 << 23;

    /// <summary>States of payload blocks. Section 2.5.1.1.</summary>
    public const int NotPresent = 0;
    public const int Undefined = 1;
    public const int ZeroBlock = 2;
    public const int Unmapped = 3;

    /// <summary>What version 0.95 of the specification used for an unmapped block; qemu reads it too.</summary>
    public const int UnmappedOfVersion095 = 5;
    public const int FullyPresent = 6;
    public const int PartiallyPresent = 7;

    private const int ChecksumOffset = 4;

    public static ReadOnlySpan<byte> FileSignature => "vhdxfile"u8;

    public static ReadOnlySpan<byte> HeaderSignature => "head"u8;

    public static ReadOnlySpan<byte> RegionTableSignature => "regi"u8;

    public static ReadOnlySpan<byte> MetadataTableSignature => "metadata"u8;

    public static Guid BatRegion { get; } = new("2DC27766-F623-4200-9D64-115E9BFD4A08");

    public static Guid MetadataRegion { get; } = new("8B7CA206-4790-4B9A-B8FE-575F050F886E");

    public static Guid FileParameters { get; } = new("CAA16737-FA36-4D43-B3B6-33F0AA44E76B");

    public static Guid VirtualDiskSize { get; } = new("2FA54224-CD1B-4876-B211-5DBED83BF4B8");

    public static Guid VirtualDiskId { get; } = new("BECA12AB-B2E6-4523-93EF-C309E000C746");

    public static Guid LogicalSectorSize { get; } = new("8141BF1D-A96F-4709-BA47-F233A8FAAB5F");

    public static Guid PhysicalSectorSize { get; } = new("CDA348C7-445D-4471-9CC9-E9885251C556");

    public static Guid ParentLocator { get; } = new("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C");

    /// <summary>Payload blocks per sector bitmap block: after so many entries of the BAT stands one for a sector bitmap. Section 2.5.</summary>
    public static long ChunkRatio(long logicalSectorSize, long blockSize) => SectorsPerBitmapBlock * logicalSectorSize / blockSize;

    /// <summary>How many entries the BAT of a file without parent has. Section 2.5.</summary>
    public static long BatEntries(long payloadBlocks, long chunkRatio) => payloadBlocks == 0 ? 0 : payloadBlocks + ((payloadBlocks - 1) / chunkRatio);

    /// <summary>CRC-32C of a structure whose Checksum field, at byte 4, counts as zero.</summary>
    public static uint Checksum(ReadOnlySpan<byte> structure) =>
        ~Crc32C(Crc32C(Crc32C(uint.MaxValue, structure[..ChecksumOffset]), stackalloc byte[4]), structure[(ChecksumOffset + 4)..]);

    public static bool ChecksumIsRight(ReadOnlySpan<byte> structure) =>
        BinaryPrimitives.ReadUInt32LittleEndian(structure[ChecksumOffset..]) == Checksum(structure);

    public static void SetChecksum(Span<byte> structure) => BinaryPrimitives.WriteUInt32LittleEndian(structure[ChecksumOffset..], Checksum(structure));

    /// <summary>Goes on with a CRC-32C; begins with all ones, and the result is inverted at the end.</summary>
    public static uint Crc32C(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
