using System.Buffers.Binary;
using System.Text;

namespace ImageFabric.Disks.Tests;

/// <summary>Looks into sparse VMDK files and changes single numbers and words in them.</summary>
internal static class VmdkPatch
{
    public const int DescriptorOffset = 512;
    public const int GrainDirectoryField = 56;

    public static uint Read(string path, long offset)
    {
        byte[] bytes = new byte[4];
        using FileStream file = File.OpenRead(path);
        file.Position = offset;
        file.ReadExactly(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public static void Write(string path, long offset, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        WriteBytes(path, offset, bytes);
    }

    public static long GrainDirectory(string path) => Read(path, GrainDirectoryField) * 512L;

    public static long FirstGrainTable(string path) => Read(path, GrainDirectory(path)) * 512L;

    /// <summary>Replaces a part of the embedded descriptor.</summary>
    public static void Replace(string path, string old, string replacement)
    {
        byte[] bytes = new byte[20 * 512];
        using (FileStream file = File.OpenRead(path))
        {
            file.Position = DescriptorOffset;
            file.ReadExactly(bytes);
        }

        string text = Encoding.UTF8.GetString(bytes).TrimEnd('\0');
        Assert.Contains(old, text);
        byte[] changed = new byte[bytes.Length];
        Encoding.UTF8.GetBytes(text.Replace(old, replacement, StringComparison.Ordinal)).CopyTo(changed, 0);
        WriteBytes(path, DescriptorOffset, changed);
    }

    public static void WriteBytes(string path, long offset, byte[] bytes)
    {
        using FileStream file = File.OpenWrite(path);
        file.Position = offset;
        file.Write(bytes);
    }
}
