using System.Buffers.Binary;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Vhd;

/// <summary>
/// The hard disk footer. Names are those of Microsoft's "Virtual Hard Disk Image Format Specification", version 1.0; so are the titles of sections in
/// this folder. Section "Hard Disk Footer Format".
/// </summary>
/// <param name="FileOffset">Where it was read from: the end of the file, or its begin, where a dynamic disk has a copy.</param>
/// <param name="DataOffset">Where the dynamic disk header is.</param>
/// <param name="CreatorApplication">Four letters of the program that made the file.</param>
/// <param name="CurrentSize">Bytes of the disk, as most creators count them.</param>
/// <param name="GeometrySectors">Cylinders times heads times sectors per track.</param>
/// <param name="DiskType">Fixed, dynamic or differencing.</param>
/// <param name="SavedState">The machine with this disk was suspended.</param>
internal sealed record VhdFooter(
    long FileOffset, ulong DataOffset, uint CreatorApplication, ulong CurrentSize, long GeometrySectors, uint DiskType, bool SavedState)
{
    public const int Length = 512;
    public const int SectorSize = 512;
    public const uint FixedType = 2;
    public const uint DynamicType = 3;
    public const uint DifferencingType = 4;
    public const uint FileFormatVersion = 0x0001_0000;
    public const int ChecksumOffset = 64;

    /// <summary>2040 GiB, the most that the block allocation table can address.</summary>
    public const long LargestDisk = 2040L << 30;

    /// <summary>The largest geometry there is: a disk that has it may be larger.</summary>
    public const long LargestGeometry = 65535L * 16 * 255;

    private const uint VirtualPc = 0x76706320;
    private const uint OldQemu = 0x71656d75;

    public static ReadOnlySpan<byte> Cookie => "conectix"u8;

    /// <summary>
    /// Bytes of the disk. Virtual PC, and qemu when it made files for it, meant the geometry, which counts a little less than Current Size; all others
    /// mean Current Size.
    /// </summary>
    public ulong DiskSize => CreatorApplication is VirtualPc or OldQemu && GeometrySectors != LargestGeometry ? (ulong)GeometrySectors * SectorSize : CurrentSize;

    /// <summary>Where the footer at the file's end is; null where there is none, and only the copy at its begin was read.</summary>
    public DiskExtent? End { get; private init; }

    /// <summary>Reads the copy at the begin of the file, if there is one, or else the footer at its end.</summary>
    /// <exception cref="DiskException">There is no valid footer, or it says that the disk has a parent.</exception>
    public static async ValueTask<VhdFooter> ReadAsync(SourceFile file, CancellationToken cancellationToken)
    {
        if (file.Length < Length)
            throw new DiskException("ImageCorrupt", file.Path, "The file ends within its VHD footer.", 0);
        DiskExtent? end = await VhdFooterSearch.FindAsync(file, cancellationToken).ConfigureAwait(false);
        (byte[] Bytes, long Offset)? valid = null;
        foreach (DiskExtent place in new[] { new DiskExtent(0, Length), end ?? default }.Where(static place => place.Length > 0))
        {
            byte[] bytes = new byte[Length];
            await file.ReadAsync(place.Offset, bytes.AsMemory(0, (int)place.Length), cancellationToken).ConfigureAwait(false);
            if (!bytes.AsSpan().StartsWith(Cookie))
                continue;

            // Before anything else is looked at: what another file holds must never be read in the publisher's name.
            if (BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(60)) == DifferencingType)
                throw new DiskException("ForeignReference", file.Path, "The VHD file has a parent: it holds only the differences from another file.", place.Offset + 60);
            if (VhdChecksum.IsRight(bytes, ChecksumOffset))
                valid ??= (bytes, place.Offset);
        }

        return valid is { } footer
            ? Parse(file, footer.Bytes, footer.Offset) with { End = end }
            : throw new DiskException("ImageCorrupt", file.Path, "No VHD footer has a checksum that is right.", file.Length - Length);
    }

    private static VhdFooter Parse(SourceFile file, ReadOnlySpan<byte> bytes, long fileOffset)
    {
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) is var version && version >> 16 != FileFormatVersion >> 16)
            throw new DiskException("FormatNotSupported", file.Path, $"The VHD version 0x{version:x} is not known.", fileOffset + 12);
        uint type = BinaryPrimitives.ReadUInt32BigEndian(bytes[60..]);
        if (type is not (FixedType or DynamicType))
            throw new DiskException("FormatNotSupported", file.Path, $"The VHD disk type {type} is not known.", fileOffset + 60);
        var footer = new VhdFooter(
            fileOffset,
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[28..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[48..]),
            (long)BinaryPrimitives.ReadUInt16BigEndian(bytes[56..]) * bytes[58] * bytes[59],
            type,
            bytes[84] != 0);
        if (footer.DiskSize > LargestDisk)
            throw new DiskException("ImageCorrupt", file.Path, $"The disk has {footer.DiskSize} bytes, more than a VHD can have.", fileOffset + 48);
        return footer;
    }
}
