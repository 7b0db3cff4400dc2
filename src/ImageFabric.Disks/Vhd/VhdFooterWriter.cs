using System.Buffers.Binary;

namespace ImageFabric.Disks.Vhd;

/// <summary>Makes footers. Section "Hard Disk Footer Format".</summary>
internal static class VhdFooterWriter
{
    /// <summary>The bit that is always set.</summary>
    private const uint ReservedFeature = 2;
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <param name="size">Bytes of the disk.</param>
    /// <param name="diskType">Fixed or dynamic.</param>
    /// <param name="dataOffset">Where the dynamic disk header is; -1 for a fixed disk.</param>
    public static byte[] Footer(long size, uint diskType, long dataOffset)
    {
        byte[] footer = new byte[VhdFooter.Length];
        VhdFooter.Cookie.CopyTo(footer);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(8), ReservedFeature);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(12), VhdFooter.FileFormatVersion);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(16), dataOffset);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(24), (uint)(DateTime.UtcNow - Epoch).TotalSeconds);

        // Of a creator it does not know qemu takes the geometry for the size; of Hyper-V it takes Current Size.
        "win "u8.CopyTo(footer.AsSpan(28));
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(32), 0x000a_0000);
        "Wi2k"u8.CopyTo(footer.AsSpan(36));
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(40), size);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(48), size);
        (int cylinders, int heads, int sectorsPerTrack) = Geometry(size / VhdFooter.SectorSize);
        BinaryPrimitives.WriteUInt16BigEndian(footer.AsSpan(56), (ushort)cylinders);
        footer[58] = (byte)heads;
        footer[59] = (byte)sectorsPerTrack;
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(60), diskType);
        Guid.NewGuid().TryWriteBytes(footer.AsSpan(68));
        VhdChecksum.Set(footer, VhdFooter.ChecksumOffset);
        return footer;
    }

    /// <summary>The geometry that a disk of so many sectors gets. Section "Appendix: CHS Calculation".</summary>
    public static (int Cylinders, int Heads, int SectorsPerTrack) Geometry(long sectors)
    {
        sectors = Math.Min(sectors, VhdFooter.LargestGeometry);
        if (sectors >= 65535L * 16 * 63)
            return ((int)(sectors / 255 / 16), 16, 255);
        long tracks = sectors / 17;
        int heads = (int)Math.Max(4, (tracks + 1023) / 1024);
        if (tracks < heads * 1024L && heads <= 16)
            return ((int)(tracks / heads), heads, 17);
        tracks = sectors / 31;
        return tracks < 16 * 1024 ? ((int)(tracks / 16), 16, 31) : ((int)(sectors / 63 / 16), 16, 63);
    }
}
