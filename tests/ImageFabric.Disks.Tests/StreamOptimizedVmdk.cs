using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ImageFabric.Disks.Tests;

/// <summary>
/// Makes a stream-optimized VMDK as VMware's and VirtualBox's exports are: written in one go, with markers, grain tables behind their grains, the grain
/// directory and a footer at the end. qemu-img writes the tables at the front instead.
/// </summary>
internal static class StreamOptimizedVmdk
{
    /// <summary>Where the first grain is in the file.</summary>
    public const long FirstGrain = 128 * Sector;

    private const int Sector = 512;
    private const int GrainSize = 65536;
    private const int TableEntries = 512;

    public static void Make(string raw, string path)
    {
        using FileStream source = File.OpenRead(raw);
        using FileStream file = File.Create(path);
        long grains = (source.Length + GrainSize - 1) / GrainSize;
        uint[] directory = new uint[(grains + TableEntries - 1) / TableEntries];
        file.Write(Header(source.Length, ulong.MaxValue));
        file.Write(Padded(Encoding.ASCII.GetBytes(Descriptor(source.Length)), 20 * Sector));
        file.SetLength(FirstGrain);
        file.Position = FirstGrain;

        byte[] grain = new byte[GrainSize];
        for (int table = 0; table < directory.Length; table++)
        {
            uint[] entries = new uint[TableEntries];
            for (int i = 0; i < TableEntries && source.Position < source.Length; i++)
            {
                long start = source.Position;
                int length = source.ReadAtLeast(grain, GrainSize, throwOnEndOfStream: false);
                if (grain.AsSpan(0, length).ContainsAnyExcept((byte)0))
                    entries[i] = WriteGrain(file, start, grain[..length]);
            }

            if (entries.Any(entry => entry != 0))
                directory[table] = WriteTable(file, 1, entries);
        }

        uint directorySector = WriteTable(file, 2, directory);
        WriteMarker(file, 1, 3);
        file.Write(Header(source.Length, directorySector));
        WriteMarker(file, 0, 0);
    }

    private static string Descriptor(long length) =>
        $"# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"streamOptimized\"\n\n# Extent description\nRDONLY {length / Sector} SPARSE \"call-me-stream.vmdk\"\n\n" +
        "# The Disk Data Base\n#DDB\n\nddb.adapterType = \"lsilogic\"\nddb.geometry.cylinders = \"20\"\nddb.geometry.heads = \"16\"\nddb.geometry.sectors = \"63\"\n";

    private static byte[] Header(long length, ulong directorySector)
    {
        byte[] header = new byte[Sector];
        "KDMV"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), 0x30001);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(12), length / Sector);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(20), GrainSize / Sector);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(28), 1);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(36), 20);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(44), TableEntries);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(56), directorySector);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(64), 128);
        "\n \r\n"u8.CopyTo(header.AsSpan(73));
        header[77] = 1;
        return header;
    }

    private static byte[] Padded(byte[] bytes, int length)
    {
        Array.Resize(ref bytes, length);
        return bytes;
    }

    private static uint WriteGrain(FileStream file, long start, byte[] content)
    {
        uint sector = (uint)(file.Position / Sector);
        var compressed = new MemoryStream();
        using (var stream = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            stream.Write(content);
        byte[] marker = new byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(marker, start / Sector);
        BinaryPrimitives.WriteInt32LittleEndian(marker.AsSpan(8), (int)compressed.Length);
        file.Write(marker);
        file.Write(compressed.ToArray());
        file.Write(new byte[(Sector - (file.Position % Sector)) % Sector]);
        return sector;
    }

    private static uint WriteTable(FileStream file, int type, uint[] entries)
    {
        byte[] bytes = new byte[(entries.Length * 4 + Sector - 1) / Sector * Sector];
        for (int i = 0; i < entries.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), entries[i]);
        WriteMarker(file, bytes.Length / Sector, type);
        uint sector = (uint)(file.Position / Sector);
        file.Write(bytes);
        return sector;
    }

    private static void WriteMarker(FileStream file, long sectors, int type)
    {
        byte[] marker = new byte[Sector];
        BinaryPrimitives.WriteInt64LittleEndian(marker, sectors);
        BinaryPrimitives.WriteInt32LittleEndian(marker.AsSpan(12), type);
        file.Write(marker);
    }
}
