using System.Buffers.Binary;

namespace ImageFabric.Store.Format;

/// <summary>Reads the numbers of packs and indexes; every read checks that the bytes are there.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    public readonly int Remaining => rest.Length;

    public ReadOnlySpan<byte> Take(int length)
    {
        if (length < 0 || length > rest.Length)
            throw new FormatException("it ends too early");
        ReadOnlySpan<byte> taken = rest[..length];
        rest = rest[length..];
        return taken;
    }

    public byte Byte() => Take(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    /// <summary>An unsigned LEB128 number that fits into 63 bits.</summary>
    public long Varint()
    {
        long value = 0;
        for (int shift = 0; shift < 63; shift += 7)
        {
            byte next = Byte();
            value |= (long)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }

        throw new FormatException("a number is too long");
    }

    /// <summary>A signed number, zigzag-coded into a <see cref="Varint"/>.</summary>
    public long SignedVarint()
    {
        long coded = Varint();
        return (coded >> 1) ^ -(coded & 1);
    }

    /// <summary>A <see cref="Varint"/> that may not exceed <paramref name="maximum"/>.</summary>
    public int Number(long maximum)
    {
        long value = Varint();
        return value <= maximum ? (int)value : throw new FormatException($"the number {value} is larger than {maximum}");
    }
}
