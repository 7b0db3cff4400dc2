using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ImageFabric.Hypervisors.Seeds;

/// <summary>The kinds of field that ECMA-119 (2nd edition) builds its structures from.</summary>
internal static class IsoField
{
    /// <summary>A 16-bit number in both byte orders (7.2.3).</summary>
    public static void Both16(Span<byte> field, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(field, value);
        BinaryPrimitives.WriteUInt16BigEndian(field[2..], value);
    }

    /// <summary>A 32-bit number in both byte orders (7.3.3).</summary>
    public static void Both32(Span<byte> field, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(field, value);
        BinaryPrimitives.WriteUInt32BigEndian(field[4..], value);
    }

    /// <summary>Text padded with spaces (7.4.3.2).</summary>
    public static void Text(Span<byte> field, string text)
    {
        field.Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, field);
    }

    /// <summary>Text in UCS-2, big-endian, padded with spaces (Joliet, "Allowed UCS-2 Character Set"); the odd last byte of a field is zero.</summary>
    public static void WideText(Span<byte> field, string text)
    {
        field.Clear();
        for (int i = 0; i + 1 < field.Length; i += 2)
            field[i + 1] = (byte)' ';
        Encoding.BigEndianUnicode.GetBytes(text, field);
    }

    /// <summary>A moment in 17 digits (8.4.26.1), in UTC.</summary>
    public static void LongDate(Span<byte> field, DateTimeOffset moment)
    {
        Encoding.ASCII.GetBytes(moment.UtcDateTime.ToString("yyyyMMddHHmmssff", CultureInfo.InvariantCulture), field);
        field[16] = 0;
    }

    /// <summary>"Not specified" for a moment in 17 digits (8.4.26.1).</summary>
    public static void NoLongDate(Span<byte> field)
    {
        field[..16].Fill((byte)'0');
        field[16] = 0;
    }

    /// <summary>A moment in 7 bytes (9.1.5), in UTC.</summary>
    public static void ShortDate(Span<byte> field, DateTimeOffset moment)
    {
        DateTime utc = moment.UtcDateTime;
        field[0] = (byte)(utc.Year - 1900);
        field[1] = (byte)utc.Month;
        field[2] = (byte)utc.Day;
        field[3] = (byte)utc.Hour;
        field[4] = (byte)utc.Minute;
        field[5] = (byte)utc.Second;
        field[6] = 0;
    }
}
