using System.Numerics;
using System.Runtime.InteropServices;

namespace ImageFabric.Store.Format;

/// <summary>The 32-bit hash of a block that decides where chunks end: CRC-32C (RFC 3720, appendix B.4), then mixed so that its low bits depend on all of it.</summary>
internal static class BlockHash
{
    /// <summary>Hashes a block; only a disk's last one is shorter than <see cref="ChunkingProfile.BlockLength"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> block)
    {
        uint crc = uint.MaxValue;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(block))
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
}
