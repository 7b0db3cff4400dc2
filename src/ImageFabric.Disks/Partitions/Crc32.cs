namespace ImageFabric.Disks.Partitions;

/// <summary>CRC-32 as GPT has it: ISO 3309, reflected, polynomial <c>edb88320</c>, begun with and finally inverted by <c>ffffffff</c>.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(static n => Entry((uint)n))];

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in bytes)
            sum = (sum >> 8) ^ Table[(byte)sum ^ value];
        return ~sum;
    }

    private static uint Entry(uint value)
    {
        for (int bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? (value >> 1) ^ 0xedb88320 : value >> 1;
        return value;
    }
}
