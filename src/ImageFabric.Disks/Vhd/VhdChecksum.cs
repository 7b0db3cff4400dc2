using System.Buffers.Binary;

namespace ImageFabric.Disks.Vhd;

/// <summary>The checksum of a structure: the complement of the sum of its bytes, the checksum's own left out. Section "Checksum".</summary>
internal static class VhdChecksum
{
    public static uint Of(ReadOnlySpan<byte> structure, int checksumOffset)
    {
        uint sum = 0;
        for (int i = 0; i < structure.Length; i++)
            sum += i >= checksumOffset && i < checksumOffset + 4 ? 0u : structure[i];
        return ~sum;
    }

    public static bool IsRight(ReadOnlySpan<byte> structure, int checksumOffset) =>
        BinaryPrimitives.ReadUInt32BigEndian(structure[checksumOffset..]) == Of(structure, checksumOffset);

    public static void Set(Span<byte> structure, int checksumOffset) =>
        BinaryPrimitives.WriteUInt32BigEndian(structure[checksumOffset..], Of(structure, checksumOffset));
}
