using System.Buffers.Binary;

namespace ImageFabric.Disks.Vmdk;

/// <summary>What stands in front of a compressed grain. "Virtual Disk Format 5.0", section "Stream-Optimized Compressed Sparse Extents", CompressedGrainMarker.</summary>
/// <param name="Sector">The disk's sector that the grain begins at (lba).</param>
/// <param name="Size">Bytes of compressed data that follow.</param>
internal readonly record struct GrainMarker(ulong Sector, uint Size)
{
    /// <summary>Bytes of a marker.</summary>
    public const int Length = 12;

    public static GrainMarker Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
}
