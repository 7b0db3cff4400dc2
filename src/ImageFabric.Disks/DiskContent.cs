using System.Buffers.Binary;

namespace ImageFabric.Disks;

/// <summary>What the first bytes of a disk are known to be: a partition table, boot code, a file system, a volume.</summary>
public static class DiskContent
{
    private const int Looked = 264 << 10;

    private static readonly (int Offset, byte[] Mark)[] Known =
    [
        (510, [0x55, 0xaa]),                       // boot code, MBR, FAT, NTFS
        (508, [0xda, 0xbe]),                       // Sun label
        (512, "EFI PART"u8.ToArray()),
        (4096, "EFI PART"u8.ToArray()),
        (0, "ER"u8.ToArray()),                     // Apple partition map
        (0, "XFSB"u8.ToArray()),
        (0, [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]), // LUKS
        (0, "hsqs"u8.ToArray()),                   // squashfs
        (32, "NXSB"u8.ToArray()),                  // APFS
        (1024, [0xe2, 0xe1, 0xf5, 0xe0]),          // EROFS
        (1024, [0x10, 0x20, 0xf5, 0xf2]),          // F2FS
        (1024, "H+"u8.ToArray()),
        (1024, "HX"u8.ToArray()),
        (1080, [0x53, 0xef]),                      // ext2, ext3, ext4
        (32769, "CD001"u8.ToArray()),
        (32769, "BEA01"u8.ToArray()),              // UDF
        (32768, "JFS1"u8.ToArray()),
        (65600, "_BHRfS_M"u8.ToArray()),           // btrfs
        (65588, "ReIsEr"u8.ToArray()),
        (0, [0xfc, 0x4e, 0x2b, 0xa9]),             // md
        (4096, [0xfc, 0x4e, 0x2b, 0xa9]),
        .. new[] { 0, 512, 1024, 1536 }.Select(static at => (at, "LABELONE"u8.ToArray())),
        .. new[] { 4096, 8192, 16384, 32768, 65536 }.SelectMany(static page => new[] { (page - 10, "SWAPSPACE2"u8.ToArray()), (page - 10, "SWAP-SPACE"u8.ToArray()) }),
    ];

    /// <summary>What a person should know of the disk's first bytes: another image in place of a disk, or nothing that is known.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException">The disk cannot be read.</exception>
    public static async Task<IReadOnlyList<DiskNotice>> NoticesAsync(ILogicalDisk disk, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(disk);
        byte[] start = new byte[(int)Math.Min(Looked, disk.Length)];
        await disk.ReadAsync(0, start, cancellationToken).ConfigureAwait(false);
        if (disk.Format != "raw" && FormatProbe.DetectStart(start) is not "raw" and var inner)
            return [new DiskNotice("ImageInsideImage", $"The disk in the {disk.Format} file begins as a {inner} file does: an image was packed as if it were a disk.")];
        if (disk is { Format: "raw", IsSequential: false } && disk.Length % 512 != 0)
            return [new DiskNotice("PartialSector", $"The file has {disk.Length} bytes, which is no multiple of 512: a guest does not see the bytes behind the last whole sector.")];
        if (disk.Format != "raw" || IsRecognised(start))
            return [];
        return [new DiskNotice("ContentNotRecognised", "Nothing is recognised in the file: no format, partition table, boot code, file system or volume. It is taken as a raw disk.")];
    }

    internal static bool IsRecognised(ReadOnlySpan<byte> start)
    {
        foreach ((int offset, byte[] mark) in Known)
        {
            if (start.Length >= offset + mark.Length && start.Slice(offset, mark.Length).SequenceEqual(mark))
                return true;
        }

        return HasUberblock(start);
    }

    // ZFS has its uberblocks in the second half of a label of 256 KiB.
    private static bool HasUberblock(ReadOnlySpan<byte> start)
    {
        for (int at = 128 << 10; at + 8 <= start.Length && at < 256 << 10; at += 1 << 10)
        {
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(start[at..]);
            if (value == 0x00bab10c || BinaryPrimitives.ReverseEndianness(value) == 0x00bab10c)
                return true;
        }

        return false;
    }
}
