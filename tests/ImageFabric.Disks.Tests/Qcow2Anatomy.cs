using System.Buffers.Binary;

namespace ImageFabric.Disks.Tests;

/// <summary>Where a qcow2 file is most easily hurt.</summary>
internal static class Qcow2Anatomy
{
    private static readonly (int Offset, int Width)[] HeaderFields =
    [
        (4, 4), (8, 8), (16, 4), (20, 4), (24, 8), (32, 4), (36, 4), (40, 8), (48, 8), (56, 4), (60, 4), (64, 8), (72, 8), (80, 8), (88, 8), (96, 4), (100, 4), (104, 1),
        (112, 8), (120, 8), (128, 8), (160, 8), (196, 4),
    ];

    public static ImageAnatomy Of(byte[] valid) => new(valid, true, HeaderFields, FindTables(valid), 8)
    {
        Special = random => random.Next(2) == 0
            ? ((ulong)random.Next(valid.Length) & ~511ul) | (1ul << 63)
            : (1ul << 62) | (ulong)random.NextInt64(valid.Length) | ((ulong)random.NextInt64(16) << random.Next(45, 61)),
    };

    private static List<(long Offset, int Entries)> FindTables(byte[] bytes)
    {
        int clusterSize = 1 << BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(20));
        int l1Entries = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(36));
        long l1 = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(40));
        List<(long Offset, int Entries)> found = [(l1, l1Entries), (BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(48)), 4)];
        for (int i = 0; i < l1Entries; i++)
        {
            long l2 = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan((int)l1 + (i * 8))) & 0x00ff_ffff_ffff_fe00;
            if (l2 != 0)
                found.Add((l2, clusterSize / 8));
        }

        return found;
    }
}
