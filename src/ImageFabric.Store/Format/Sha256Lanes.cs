using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ImageFabric.Store.Format;

/// <summary>
/// The hash computation of SHA-256 (FIPS 180-4, section 6.2.2) for sixteen messages at once, in the lanes of AVX-512 registers. The processor's own instructions
/// for SHA-256 work on one message and wait for one another, which leaves half of it idle.
/// </summary>
internal static unsafe class Sha256Lanes
{
    /// <summary>Messages at once.</summary>
    public const int Count = 16;

    /// <summary>Bytes of a message block.</summary>
    public const int BlockLength = 64;

    /// <summary>Words of a hash value.</summary>
    public const int StateWords = 8;

    private static readonly uint[] RoundConstants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>True where the processor can do it.</summary>
    public static bool IsSupported => Avx512BW.IsSupported;

    /// <summary>The initial hash value (section 5.3.3).</summary>
    public static ReadOnlySpan<uint> InitialState => [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    /// <summary>Hashes the next blocks of all messages.</summary>
    /// <param name="state">The hash values: word by word, of each word <see cref="Count"/> lanes.</param>
    /// <param name="at">Where each message goes on; moved on by the blocks.</param>
    /// <param name="blocks">How many blocks of each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hash(uint* state, byte** at, int blocks)
    {
        // A vector that lies across two lines of the cache takes twice as long.
        byte* room = stackalloc byte[33 * sizeof(Vector512<uint>)];
        var w = (Vector512<uint>*)((nint)(room + sizeof(Vector512<uint>) - 1) & -sizeof(Vector512<uint>));
        var words = (Vector512<uint>*)state;
        Vector512<uint> a = words[0], b = words[1], c = words[2], d = words[3], e = words[4], f = words[5], g = words[6], h = words[7];
        fixed (uint* constants = RoundConstants)
        {
            for (; blocks > 0; blocks--)
            {
                Load(w, w + 16, at);
                for (int r = 0; r < 64; r += 16)
                {
                    if (r > 0)
                        Extend(w);
                    uint* k = constants + r;
                    Vector512<uint> t;
                    t = h + (Vector512.Create(k[0]) + w[0]) + Choose(e, f, g) + Sum1(e);
                    (d, h) = (d + t, Majority(a, b, c) + t + Sum0(a));
                    t = g + (Vector512.Create(k[1]) + w[1]) + Choose(d, e, f) + Sum1(d);
                    (c, g) = (c + t, Majority(h, a, b) + t + Sum0(h));
                    t = f + (Vector512.Create(k[2]) + w[2]) + Choose(c, d, e) + Sum1(c);
                    (b, f) = (b + t, Majority(g, h, a) + t + Sum0(g));
                    t = e + (Vector512.Create(k[3]) + w[3]) + Choose(b, c, d) + Sum1(b);
                    (a, e) = (a + t, Majority(f, g, h) + t + Sum0(f));
                    t = d + (Vector512.Create(k[4]) + w[4]) + Choose(a, b, c) + Sum1(a);
                    (h, d) = (h + t, Majority(e, f, g) + t + Sum0(e));
                    t = c + (Vector512.Create(k[5]) + w[5]) + Choose(h, a, b) + Sum1(h);
                    (g, c) = (g + t, Majority(d, e, f) + t + Sum0(d));
                    t = b + (Vector512.Create(k[6]) + w[6]) + Choose(g, h, a) + Sum1(g);
                    (f, b) = (f + t, Majority(c, d, e) + t + Sum0(c));
                    t = a + (Vector512.Create(k[7]) + w[7]) + Choose(f, g, h) + Sum1(f);
                    (e, a) = (e + t, Majority(b, c, d) + t + Sum0(b));
                    t = h + (Vector512.Create(k[8]) + w[8]) + Choose(e, f, g) + Sum1(e);
                    (d, h) = (d + t, Majority(a, b, c) + t + Sum0(a));
                    t = g + (Vector512.Create(k[9]) + w[9]) + Choose(d, e, f) + Sum1(d);
                    (c, g) = (c + t, Majority(h, a, b) + t + Sum0(h));
                    t = f + (Vector512.Create(k[10]) + w[10]) + Choose(c, d, e) + Sum1(c);
                    (b, f) = (b + t, Majority(g, h, a) + t + Sum0(g));
                    t = e + (Vector512.Create(k[11]) + w[11]) + Choose(b, c, d) + Sum1(b);
                    (a, e) = (a + t, Majority(f, g, h) + t + Sum0(f));
                    t = d + (Vector512.Create(k[12]) + w[12]) + Choose(a, b, c) + Sum1(a);
                    (h, d) = (h + t, Majority(e, f, g) + t + Sum0(e));
                    t = c + (Vector512.Create(k[13]) + w[13]) + Choose(h, a, b) + Sum1(h);
                    (g, c) = (g + t, Majority(d, e, f) + t + Sum0(d));
                    t = b + (Vector512.Create(k[14]) + w[14]) + Choose(g, h, a) + Sum1(g);
                    (f, b) = (f + t, Majority(c, d, e) + t + Sum0(c));
                    t = a + (Vector512.Create(k[15]) + w[15]) + Choose(f, g, h) + Sum1(f);
                    (e, a) = (e + t, Majority(b, c, d) + t + Sum0(b));
                }

                words[0] = a += words[0];
                words[1] = b += words[1];
                words[2] = c += words[2];
                words[3] = d += words[3];
                words[4] = e += words[4];
                words[5] = f += words[5];
                words[6] = g += words[6];
                words[7] = h += words[7];
            }
        }
    }

    // The message schedule: the next sixteen words of it in the place of the last.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Extend(Vector512<uint>* w)
    {
        for (int i = 0; i < 16; i++)
            w[i] += Small0(w[(i + 1) & 15]) + w[(i + 9) & 15] + Small1(w[(i + 14) & 15]);
    }

    // A block of each message, turned so that a vector holds one word of all of them. Numbers in messages are big-endian.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(Vector512<uint>* w, Vector512<uint>* quads, byte** at)
    {
        Vector512<byte> swap = Vector512.Create(Vector256.Create(
            (byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
        for (int i = 0; i < 16; i += 4)
        {
            Vector512<uint> r0 = Row(at, i, swap), r1 = Row(at, i + 1, swap), r2 = Row(at, i + 2, swap), r3 = Row(at, i + 3, swap);
            Vector512<ulong> low01 = Avx512F.UnpackLow(r0, r1).AsUInt64(), high01 = Avx512F.UnpackHigh(r0, r1).AsUInt64();
            Vector512<ulong> low23 = Avx512F.UnpackLow(r2, r3).AsUInt64(), high23 = Avx512F.UnpackHigh(r2, r3).AsUInt64();
            quads[i] = Avx512F.UnpackLow(low01, low23).AsUInt32();
            quads[i + 1] = Avx512F.UnpackHigh(low01, low23).AsUInt32();
            quads[i + 2] = Avx512F.UnpackLow(high01, high23).AsUInt32();
            quads[i + 3] = Avx512F.UnpackHigh(high01, high23).AsUInt32();
        }

        for (int i = 0; i < 4; i++)
        {
            Vector512<uint> even0 = Avx512F.Shuffle4x128(quads[i], quads[4 + i], 0x88), even1 = Avx512F.Shuffle4x128(quads[8 + i], quads[12 + i], 0x88);
            Vector512<uint> odd0 = Avx512F.Shuffle4x128(quads[i], quads[4 + i], 0xdd), odd1 = Avx512F.Shuffle4x128(quads[8 + i], quads[12 + i], 0xdd);
            w[i] = Avx512F.Shuffle4x128(even0, even1, 0x88);
            w[4 + i] = Avx512F.Shuffle4x128(odd0, odd1, 0x88);
            w[8 + i] = Avx512F.Shuffle4x128(even0, even1, 0xdd);
            w[12 + i] = Avx512F.Shuffle4x128(odd0, odd1, 0xdd);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Row(byte** at, int lane, Vector512<byte> swap)
    {
        byte* block = at[lane];
        at[lane] = block + BlockLength;
        return Avx512BW.Shuffle(Vector512.Load(block), swap).AsUInt32();
    }

    // Section 4.1.2; the tables of TernaryLogic are those of exclusive-or, choice and majority of three bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Choose(Vector512<uint> x, Vector512<uint> y, Vector512<uint> z) => Avx512F.TernaryLogic(x, y, z, 0xca);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Majority(Vector512<uint> x, Vector512<uint> y, Vector512<uint> z) => Avx512F.TernaryLogic(x, y, z, 0xe8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Sum0(Vector512<uint> x) => Xor(Avx512F.RotateRight(x, 2), Avx512F.RotateRight(x, 13), Avx512F.RotateRight(x, 22));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Sum1(Vector512<uint> x) => Xor(Avx512F.RotateRight(x, 6), Avx512F.RotateRight(x, 11), Avx512F.RotateRight(x, 25));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Small0(Vector512<uint> x) => Xor(Avx512F.RotateRight(x, 7), Avx512F.RotateRight(x, 18), x >>> 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Small1(Vector512<uint> x) => Xor(Avx512F.RotateRight(x, 17), Avx512F.RotateRight(x, 19), x >>> 10);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Xor(Vector512<uint> x, Vector512<uint> y, Vector512<uint> z) => Avx512F.TernaryLogic(x, y, z, 0x96);
}
