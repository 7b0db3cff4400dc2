using System.Buffers.Binary;
using System.Text;

namespace ImageFabric.Hypervisors.Tests.HyperV;

/// <summary>The parts of a VHDX that tell the size and the type of its disk ([MS-VHDX] 2.2.3 and 2.6).</summary>
internal static class SmallVhdx
{
    private const int RegionTable = 192 << 10;
    private const int Metadata = 1 << 20;
    private const int SizeItem = 64 << 10;
    private const int FileParametersItem = SizeItem + 8;

    public static byte[] Of(long size)
    {
        byte[] file = new byte[Metadata + SizeItem + 4096];
        Encoding.ASCII.GetBytes("vhdxfile").CopyTo(file, 0);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(RegionTable + 8), 1);
        Guid.Parse("8B7CA206-4790-4B9A-B8FE-575F050F886E").TryWriteBytes(file.AsSpan(RegionTable + 16));
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(RegionTable + 32), Metadata);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(Metadata + 10), 2);
        Guid.Parse("2FA54224-CD1B-4876-B211-5DBED83BF4B8").TryWriteBytes(file.AsSpan(Metadata + 32));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(Metadata + 48), SizeItem);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(Metadata + SizeItem), size);
        Guid.Parse("CAA16737-FA36-4D43-B3B6-33F0AA44E76B").TryWriteBytes(file.AsSpan(Metadata + 64));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(Metadata + 80), FileParametersItem);
        return file;
    }
}
