using System.Buffers.Binary;
using ImageFabric.Disks.Vhdx;

namespace ImageFabric.Disks.Tests;

/// <summary>Looks into VHDX files and changes single numbers in them, checksums included.</summary>
internal sealed class VhdxPatch(string path)
{
    public const long MiB = 1 << 20;
    private static readonly long[] HeaderOffsets = [64 << 10, 128 << 10];
    private static readonly long[] RegionTableOffsets = [192 << 10, 256 << 10];

    public long Bat => RegionOffset(VhdxFormat.BatRegion);

    public long Metadata => RegionOffset(VhdxFormat.MetadataRegion);

    public long LogOffset => (long)ReadUInt64(CurrentHeader + 72);

    public int LogLength => (int)(uint)ReadUInt64(CurrentHeader + 68);

    public long CurrentHeader => HeaderOffsets.MaxBy(offset => ReadUInt64(offset + 8));

    public byte[] Read(long offset, int length)
    {
        byte[] bytes = new byte[length];
        using FileStream file = File.OpenRead(path);
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }

    public ulong ReadUInt64(long offset) => BinaryPrimitives.ReadUInt64LittleEndian(Read(offset, 8));

    public void Write(long offset, byte[] bytes) => Qcow2Patch.WriteBytes(path, offset, bytes);

    public void Write(long offset, ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Write(offset, bytes);
    }

    public void Write(long offset, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Write(offset, bytes);
    }

    /// <summary>Changes both headers and sums them up again.</summary>
    public void ChangeHeaders(Action<byte[]> change) => ChangeSummed(HeaderOffsets, VhdxFormat.HeaderLength, change);

    /// <summary>Changes both region tables and sums them up again.</summary>
    public void ChangeRegionTables(Action<byte[]> change) => ChangeSummed(RegionTableOffsets, VhdxFormat.TableLength, change);

    /// <summary>Where in the file the table entry of a metadata item is.</summary>
    public long ItemEntry(Guid item)
    {
        byte[] table = Read(Metadata, VhdxFormat.TableLength);
        for (int at = 32; ; at += 32)
        {
            if (new Guid(table.AsSpan(at, 16)) == item)
                return Metadata + at;
        }
    }

    /// <summary>Where in the file a metadata item is.</summary>
    public long Item(Guid item) => Metadata + (long)(uint)ReadUInt64(ItemEntry(item) + 16);

    private long RegionOffset(Guid region)
    {
        byte[] table = Read(RegionTableOffsets[0], VhdxFormat.TableLength);
        for (int at = 16; ; at += 32)
        {
            if (new Guid(table.AsSpan(at, 16)) == region)
                return BinaryPrimitives.ReadInt64LittleEndian(table.AsSpan(at + 16));
        }
    }

    private void ChangeSummed(long[] offsets, int length, Action<byte[]> change)
    {
        foreach (long offset in offsets)
        {
            byte[] bytes = Read(offset, length);
            change(bytes);
            VhdxFormat.SetChecksum(bytes);
            Write(offset, bytes);
        }
    }
}
