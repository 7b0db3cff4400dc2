using System.Buffers.Binary;

namespace ImageFabric.Disks.Tests;

/// <summary>Looks into qcow2 files and changes single numbers in them.</summary>
internal static class Qcow2Patch
{
    public const ulong OffsetMask = 0x00ff_ffff_ffff_fe00;

    public static void Write(string path, long offset, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        WriteBytes(path, offset, bytes);
    }

    public static void Write(string path, long offset, ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        WriteBytes(path, offset, bytes);
    }

    public static ulong Read(string path, long offset)
    {
        byte[] bytes = new byte[8];
        using FileStream file = File.OpenRead(path);
        file.Position = offset;
        file.ReadExactly(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    public static long L1Table(string path) => (long)Read(path, 40);

    public static long FirstL2Table(string path) => (long)(Read(path, L1Table(path)) & OffsetMask);

    public static void WriteBytes(string path, long offset, byte[] bytes)
    {
        using FileStream file = File.OpenWrite(path);
        file.Position = offset;
        file.Write(bytes);
    }
}
