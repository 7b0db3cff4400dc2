using System;
using System.Collections.Generic;

namespace ImageFabric.Fleet;

/// <summary>A set of pieces of an image, by number.</summary>
internal sealed class PieceSet(int size)
{
    private readonly ulong[] _words = new ulong[(size + 63) / 64];

    /// <summary>How many there are in it.</summary>
    public int Count { get; private set; }

    /// <summary>How many there can be.</summary>
    public int Size => size;

    public bool Contains(int piece) => (_words[piece >> 6] & (1UL << (piece & 63))) != 0;

    /// <summary>True when it was not in it.</summary>
    public bool Add(int piece)
    {
        if (Contains(piece))
            return false;
        _words[piece >> 6] |= 1UL << (piece & 63);
        Count++;
        return true;
    }

    /// <summary>True when it was in it.</summary>
    public bool Remove(int piece)
    {
        if (!Contains(piece))
            return false;
        _words[piece >> 6] &= ~(1UL << (piece & 63));
        Count--;
        return true;
    }

    /// <summary>Those in it, ascending.</summary>
    public IEnumerable<int> Items()
    {
        for (int piece = 0; piece < size; piece++)
        {
            if (Contains(piece))
                yield return piece;
        }
    }

    /// <summary>The first that is in this set and in neither of the others, at or after <paramref name="from"/>; -1 when there is none.</summary>
    public int FirstWithout(PieceSet one, PieceSet other, int from)
    {
        if (from >= size)
            return -1;
        ulong mask = ulong.MaxValue << (from & 63);
        for (int word = from >> 6; word < _words.Length; word++, mask = ulong.MaxValue)
        {
            ulong left = _words[word] & ~one._words[word] & ~other._words[word] & mask;
            if (left != 0)
                return (word << 6) + LowestBit(left);
        }

        return -1;
    }

    // de Bruijn: .NET Framework has no instruction for it.
    private static int LowestBit(ulong word) => BitOfProduct[(int)(((word & (~word + 1)) * 0x03f79d71b4cb0a89UL) >> 58)];

    private static readonly byte[] BitOfProduct = MakeBits();

    private static byte[] MakeBits()
    {
        byte[] bits = new byte[64];
        for (int bit = 0; bit < 64; bit++)
            bits[(int)(((1UL << bit) * 0x03f79d71b4cb0a89UL) >> 58)] = (byte)bit;
        return bits;
    }

    /// <summary>As it travels: bit <c>n % 8</c> of byte <c>n / 8</c> is piece n; base64.</summary>
    public static PieceSet Parse(string text, int size)
    {
        byte[] bytes = Convert.FromBase64String(text);
        if (bytes.Length != (size + 7) / 8)
            throw new FormatException("the set of pieces has another size");
        var set = new PieceSet(size);
        for (int piece = 0; piece < size; piece++)
        {
            if ((bytes[piece / 8] >> (piece % 8) & 1) != 0)
                set.Add(piece);
        }

        return set;
    }
}
