using System.Buffers.Binary;

namespace ImageFabric.Disks.Compression;

/// <summary>The outside of a Zstandard frame (RFC 8878, section 3.1.1), for where its length is not recorded.</summary>
public static class ZstdFrame
{
    private const uint Magic = 0xFD2FB528;
    private const int RleBlock = 1;
    private const int ReservedBlock = 3;

    /// <summary>The length in bytes of the frame that <paramref name="input"/> begins with, or -1 when it does not begin with a whole frame.</summary>
    public static int Measure(ReadOnlySpan<byte> input)
    {
        if (input.Length < 5 || BinaryPrimitives.ReadUInt32LittleEndian(input) != Magic)
            return -1;
        byte descriptor = input[4];
        bool singleSegment = (descriptor & 0x20) != 0;
        int contentSizeField = (descriptor >> 6) switch { 0 => singleSegment ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        int dictionaryIdField = (descriptor & 3) switch { 0 => 0, 1 => 1, 2 => 2, _ => 4 };
        int at = 5 + (singleSegment ? 0 : 1) + dictionaryIdField + contentSizeField;

        bool last = false;
        while (!last)
        {
            if (at > input.Length - 3)
                return -1;
            int block = input[at] | (input[at + 1] << 8) | (input[at + 2] << 16);
            last = (block & 1) != 0;
            int type = (block >> 1) & 3;
            if (type == ReservedBlock)
                return -1;
            at += 3 + (type == RleBlock ? 1 : block >> 3);
        }

        at += (descriptor & 4) != 0 ? 4 : 0;
        return at <= input.Length ? at : -1;
    }
}
