using System.Buffers;
using System.Buffers.Binary;

namespace ImageFabric.Store.Format;

/// <summary>Writes the numbers of packs and indexes, as <see cref="ByteReader"/> reads them.</summary>
internal sealed class ByteWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new();

    public int Length => buffer.WrittenCount;

    public ReadOnlyMemory<byte> Written => buffer.WrittenMemory;

    /// <summary>Begins anew, with the memory that it has.</summary>
    public void Clear() => buffer.ResetWrittenCount();

    public void Bytes(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);

    public void Digest(in ChunkDigest digest)
    {
        digest.CopyTo(buffer.GetSpan(ChunkDigest.Length));
        buffer.Advance(ChunkDigest.Length);
    }

    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.GetSpan(4), value);
        buffer.Advance(4);
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
    }

    public void Varint(long value)
    {
        Span<byte> target = buffer.GetSpan(9);
        int length = 0;
        for (; value >= 0x80; value >>= 7)
            target[length++] = (byte)(value | 0x80);
        target[length++] = (byte)value;
        buffer.Advance(length);
    }

    public void SignedVarint(long value) => Varint((value << 1) ^ (value >> 63));
}
