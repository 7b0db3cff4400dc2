using System.Numerics;
using System.Runtime.InteropServices;

namespace ImageFabric.Store.Format;

/// <summary>The 32-bit hash of a block that decides where chunks end: CRC-32C (RFC 3720, appendix B.4), then mixed so that its low bits depend on all of it.</summary>
internal static class BlockHash
{
    // A processor begins a CRC of eight bytes each cycle and is done with it three cycles later: three lanes keep it busy.
    private const int LaneWords = ChunkingProfile.BlockLength / sizeof(ulong) / 3;

    private static readonly uint[] LaneShift = MakeLaneShift();

    /// <summary>Hashes a block; only a disk's last one is shorter than <see cref="ChunkingProfile.BlockLength"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(block);
        uint crc = uint.MaxValue;
        if (block.Length == ChunkingProfile.BlockLength)
        {
            ReadOnlySpan<ulong> first = words[..LaneWords];
            ReadOnlySpan<ulong> second = words.Slice(LaneWords, LaneWords);
            ReadOnlySpan<ulong> third = words.Slice(2 * LaneWords, LaneWords);
            uint secondCrc = 0;
            uint thirdCrc = 0;
            for (int i = 0; i < first.Length; i++)
            {
                crc = BitOperations.Crc32C(crc, first[i]);
                secondCrc = BitOperations.Crc32C(secondCrc, second[i]);
                thirdCrc = BitOperations.Crc32C(thirdCrc, third[i]);
            }

            crc = ShiftLane(ShiftLane(crc) ^ secondCrc) ^ thirdCrc;
            words = words[(3 * LaneWords)..];
        }

        foreach (ulong word in words)
            crc = BitOperations.Crc32C(crc, word);
        foreach (byte rest in block[(block.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, rest);
        return Mix(~crc);
    }

    // A CRC is linear: without this, blocks that differ in few bits would have related low bits. The finalizer of MurmurHash3.
    private static uint Mix(uint hash)
    {
        hash ^= hash >> 16;
        hash *= 0x85ebca6b;
        hash ^= hash >> 13;
        hash *= 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }

    // The CRC as if a lane of zeros followed. It is linear: the answer for a number is that for its four bytes, one exclusive-or the other.
    private static uint ShiftLane(uint crc) =>
        LaneShift[crc & 0xff] ^ LaneShift[256 + ((crc >> 8) & 0xff)] ^ LaneShift[512 + ((crc >> 16) & 0xff)] ^ LaneShift[768 + (crc >> 24)];

    private static uint[] MakeLaneShift()
    {
        Span<uint> ofBit = stackalloc uint[32];
        for (int bit = 0; bit < 32; bit++)
        {
            uint crc = 1u << bit;
            for (int i = 0; i < LaneWords; i++)
                crc = BitOperations.Crc32C(crc, 0UL);
            ofBit[bit] = crc;
        }

        uint[] table = new uint[4 * 256];
        for (int i = 0; i < table.Length; i++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                if ((i >> bit & 1) != 0)
                    table[i] ^= ofBit[(i / 256 * 8) + bit];
            }
        }

        return table;
    }
}
