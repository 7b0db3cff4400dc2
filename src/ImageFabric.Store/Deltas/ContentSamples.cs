using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ImageFabric.Store.Deltas;

/// <summary>
/// Samples of content by which content that resembles it is found, wherever it lies: of all runs of 32 bytes, those whose hashes are the smallest (Broder, "On the
/// resemblance and containment of documents", 1997). Which runs are looked at depends on four of their bytes alone, so that most of the content costs a comparison.
/// </summary>
internal static class ContentSamples
{
    /// <summary>The most samples of one chunk.</summary>
    public const int Most = 8;

    private const int Window = 32;

    // One run in 256 is looked at, whatever surrounds it, and none that begins with zeros.
    private const uint Spread = 0x9E3779B1;
    private const int LookedAtShift = 24;
    private const uint LookedAt = 0x5A;

    /// <summary>Takes samples.</summary>
    /// <param name="content">The content.</param>
    /// <param name="samples">Gets them, the smallest hash first; its length is the most that are wanted.</param>
    /// <returns>How many there are.</returns>
    public static int Take(ReadOnlySpan<byte> content, Span<ulong> samples)
    {
        int count = 0;
        int last = content.Length - Window;
        int at = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref byte start = ref MemoryMarshal.GetReference(content);
            Vector256<uint> spread = Vector256.Create(Spread);
            Vector256<uint> wanted = Vector256.Create(LookedAt);

            // 32 places at a time: eight of them in each of four vectors.
            for (; at + 35 <= last; at += 32)
            {
                uint found = 0;
                for (int shift = 0; shift < 4; shift++)
                {
                    Vector256<uint> words = Vector256.LoadUnsafe(ref start, (nuint)(at + shift)).AsUInt32() * spread;
                    found |= Vector256.Equals(Vector256.ShiftRightLogical(words, LookedAtShift), wanted).ExtractMostSignificantBits() << (8 * shift);
                }

                for (; found != 0; found &= found - 1)
                {
                    int bit = BitOperations.TrailingZeroCount(found);
                    count = Keep(HashOf(content.Slice(at + (4 * (bit % 8)) + (bit / 8), Window)), samples, count);
                }
            }
        }

        for (; at <= last; at++)
        {
            if ((BinaryPrimitives.ReadUInt32LittleEndian(content[at..]) * Spread) >> LookedAtShift == LookedAt)
                count = Keep(HashOf(content.Slice(at, Window)), samples, count);
        }

        return count;
    }

    private static ulong HashOf(ReadOnlySpan<byte> window)
    {
        ulong hash = 0;
        for (int i = 0; i < Window; i += 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(window[i..])) * 0x9FB21C651E98DF25;
            hash ^= hash >> 32;
        }

        return hash * 0x9E3779B97F4A7C15;
    }

    // Ascending, each once.
    private static int Keep(ulong hash, Span<ulong> samples, int count)
    {
        if (count == samples.Length && hash >= samples[count - 1])
            return count;
        int at = count;
        while (at > 0 && samples[at - 1] > hash)
            at--;
        if (at > 0 && samples[at - 1] == hash)
            return count;
        int moved = Math.Min(count, samples.Length - 1) - at;
        samples.Slice(at, moved).CopyTo(samples[(at + 1)..]);
        samples[at] = hash;
        return Math.Min(count + 1, samples.Length);
    }
}
