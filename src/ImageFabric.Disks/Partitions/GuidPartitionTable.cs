using System.Buffers.Binary;
using System.IO.Hashing;

namespace ImageFabric.Disks.Partitions;

/// <summary>A GUID partition table: UEFI Specification 2.10, section 5.3 "GUID Partition Table (GPT) Disk Layout".</summary>
internal static class GuidPartitionTable
{
    private const int HeaderLength = 92;
    private const int SmallestEntry = 128;

    // What Linux and Windows read is far below either.
    private const int LargestEntry = 4096;
    private const int LargestArray = 1 << 20;

    private const ulong LegacyBootable = 1UL << 2;
    private static readonly Guid EfiSystem = new("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
    private static readonly Guid BiosBoot = new("21686148-6449-6e6f-744e-656564454649");
    private static readonly int[] SectorSizes = [512, 4096];

    /// <summary>Reads the table behind a protective record, or the copy of it at the disk's end.</summary>
    public static async Task<PartitionTable> ReadAsync(ILogicalDisk disk, MasterBootRecord record, CancellationToken cancellationToken)
    {
        foreach (int sectorSize in SectorSizes.OrderByDescending(size => size == disk.SectorSize))
        {
            Entries? primary = await TryReadAsync(disk, sectorSize, 1, cancellationToken).ConfigureAwait(false);
            // Nobody knows yet where a sequential disk ends.
            Entries? backup = disk.IsSequential ? primary : await TryReadAsync(disk, sectorSize, (disk.Length / sectorSize) - 1, cancellationToken).ConfigureAwait(false);
            if ((primary ?? backup) is not { } entries)
                continue;
            DiskNotice[] notices = primary is null
                ? [new("PrimaryPartitionTableDamaged", "The partition table at the disk's begin is damaged; its copy at the end was read.")]
                : backup is null ? [new("BackupPartitionTableMissing", "The copy of the partition table is not at the disk's end, as after the disk was grown or cut off.")] : [];
            return new PartitionTable(PartitionScheme.Gpt, sectorSize, entries.Partitions, Modes(entries, record), notices);
        }

        return new PartitionTable(
            PartitionScheme.Gpt, null, [], BootModes.None, [new("PartitionTableDamaged", "The disk has a protective MBR, but both copies of its GUID partition table are damaged.")]);
    }

    // Windows puts boot code into every MBR; without a partition for its second stage it leads nowhere.
    private static BootModes Modes(Entries entries, MasterBootRecord record)
    {
        BootModes modes = entries.HasEfiSystem ? BootModes.Uefi : BootModes.None;
        return record.HasBootCode && entries.HasBiosBoot ? modes | BootModes.Bios : modes;
    }

    private static async Task<Entries?> TryReadAsync(ILogicalDisk disk, int sectorSize, long sector, CancellationToken cancellationToken)
    {
        if (sector < 1 || sector > (disk.Length / sectorSize) - 1)
            return null;
        byte[] header = new byte[sectorSize];
        await disk.ReadAsync(sector * sectorSize, header, cancellationToken).ConfigureAwait(false);
        if (!header.AsSpan().StartsWith("EFI PART"u8))
            return null;
        uint length = UInt32(header, 12);
        if (length < HeaderLength || length > sectorSize || UInt64(header, 24) != (ulong)sector)
            return null;
        uint sum = UInt32(header, 16);
        header.AsSpan(16, 4).Clear();
        if (Crc32.HashToUInt32(header.AsSpan(0, (int)length)) != sum)
            return null;

        ulong arraySector = UInt64(header, 72);
        uint count = UInt32(header, 80);
        uint entryLength = UInt32(header, 84);
        if (entryLength is < SmallestEntry or > LargestEntry || entryLength % 8 != 0 || (ulong)count * entryLength > LargestArray)
            return null;
        long arrayLength = count * entryLength;
        if (arraySector > (ulong)(disk.Length / sectorSize) || ((long)arraySector * sectorSize) > disk.Length - arrayLength)
            return null;
        byte[] array = new byte[arrayLength];
        await disk.ReadAsync((long)arraySector * sectorSize, array, cancellationToken).ConfigureAwait(false);
        return Crc32.HashToUInt32(array) == UInt32(header, 88) ? Parse(array, (int)entryLength, sectorSize) : null;
    }

    private static Entries Parse(byte[] array, int entryLength, int sectorSize)
    {
        var entries = new Entries();
        for (int at = 0; at < array.Length; at += entryLength)
        {
            var type = new Guid(array.AsSpan(at, 16));
            ulong first = UInt64(array, at + 32);
            ulong last = UInt64(array, at + 40);
            if (type == Guid.Empty || last < first || last > long.MaxValue / (ulong)sectorSize)
                continue;
            entries.Partitions.Add(new DiskPartition(type.ToString("D"), (long)first * sectorSize, (long)(last - first + 1) * sectorSize));
            entries.HasEfiSystem |= type == EfiSystem;
            entries.HasBiosBoot |= type == BiosBoot || (UInt64(array, at + 48) & LegacyBootable) != 0;
        }

        return entries;
    }

    private static uint UInt32(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    private static ulong UInt64(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset));

    private sealed class Entries
    {
        public List<DiskPartition> Partitions { get; } = [];

        public bool HasEfiSystem { get; set; }

        public bool HasBiosBoot { get; set; }
    }
}
