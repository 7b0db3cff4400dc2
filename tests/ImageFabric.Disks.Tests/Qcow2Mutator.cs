using System.Buffers.Binary;

namespace ImageFabric.Disks.Tests;

/// <summary>Damages a valid qcow2 file where it hurts: header fields, table entries, compressed data, its end. The same seed gives the same damage.</summary>
internal sealed class Qcow2Mutator(byte[] valid)
{
    private static readonly (int Offset, int Width)[] HeaderFields =
    [
        (4, 4), (8, 8), (16, 4), (20, 4), (24, 8), (32, 4), (36, 4), (40, 8), (48, 8), (56, 4), (60, 4), (64, 8), (72, 8), (80, 8), (88, 8), (96, 4), (100, 4), (104, 1),
    ];

    private readonly List<(long Offset, int Entries)> tables = FindTables(valid);

    public byte[] Mutate(int seed)
    {
        var random = new Random(seed);
        byte[] bytes = (byte[])valid.Clone();
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            switch (random.Next(7))
            {
                case 0:
                    (int field, int width) = HeaderFields[random.Next(HeaderFields.Length)];
                    Put(bytes, field, width, Interesting(random));
                    break;
                case 1:
                    bytes[random.Next(Math.Min(200, bytes.Length))] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    Put(bytes, Entry(random), 8, Interesting(random));
                    break;
                case 3:
                    bytes[Entry(random) + random.Next(8)] ^= (byte)(1 << random.Next(8));
                    break;
                case 4:
                    bytes.AsSpan(Entry(random), 8).CopyTo(bytes.AsSpan(Entry(random)));
                    break;
                case 5:
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                    break;
                default:
                    return bytes[..random.Next(bytes.Length)];
            }
        }

        return bytes;
    }

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

    private static void Put(byte[] bytes, int offset, int width, ulong value)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(eight, value);
        eight[(8 - width)..].CopyTo(bytes.AsSpan(offset));
    }

    private int Entry(Random random)
    {
        // The first entries are the ones in use, so they are chosen more often.
        (long offset, int entries) = tables[random.Next(tables.Count)];
        return (int)offset + (8 * random.Next(random.Next(2) == 0 ? Math.Min(entries, 64) : entries));
    }

    private ulong Interesting(Random random) => random.Next(9) switch
    {
        0 => 0,
        1 => (ulong)random.Next(40),
        2 => ulong.MaxValue,
        3 => 1ul << random.Next(64),
        4 => (ulong)random.Next(valid.Length) & ~511ul,
        5 => ((ulong)random.Next(valid.Length) & ~511ul) | (1ul << 63),
        6 => (1ul << 62) | (ulong)random.NextInt64(valid.Length) | ((ulong)random.NextInt64(16) << random.Next(45, 61)),
        7 => (ulong)(valid.Length + random.Next(-600, 600)),
        _ => (ulong)random.NextInt64(),
    };
}
