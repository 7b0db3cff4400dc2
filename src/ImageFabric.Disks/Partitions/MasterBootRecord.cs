using System.Buffers.Binary;
using System.Globalization;

namespace ImageFabric.Disks.Partitions;

/// <summary>The first sector of a disk with a partition table: UEFI Specification 2.10, sections 5.2.1 "Legacy MBR" and 5.2.3 "Protective MBR".</summary>
internal sealed class MasterBootRecord
{
    private const int Length = 512;
    private const int BootCodeLength = 440;
    private const int EntriesOffset = 446;
    private const int EntryLength = 16;
    private const int Entries = 4;
    private const byte Active = 0x80;
    private const byte ProtectiveType = 0xee;
    private const byte EfiSystemType = 0xef;

    private readonly List<(byte Type, bool Active, uint Start, uint Count)> partitions;

    private MasterBootRecord(bool hasBootCode, List<(byte Type, bool Active, uint Start, uint Count)> partitions)
    {
        HasBootCode = hasBootCode;
        this.partitions = partitions;
    }

    /// <summary>True when a BIOS finds code to run.</summary>
    public bool HasBootCode { get; }

    /// <summary>True when the record is there to protect a GUID partition table.</summary>
    public bool IsProtective => partitions.Any(static p => p.Type == ProtectiveType);

    /// <summary>Reads it; null when the disk has none.</summary>
    public static async ValueTask<MasterBootRecord?> ReadAsync(ILogicalDisk disk, CancellationToken cancellationToken)
    {
        if (disk.Length < Length)
            return null;
        byte[] sector = new byte[Length];
        await disk.ReadAsync(0, sector, cancellationToken).ConfigureAwait(false);
        return Parse(sector);
    }

    /// <summary>The table of a disk that has this one only.</summary>
    public PartitionTable ToTable(int sectorSize, long? diskLength)
    {
        BootModes modes = partitions.Any(static p => p.Type == EfiSystemType) ? BootModes.Uefi : BootModes.None;
        if (HasBootCode)
            modes |= BootModes.Bios;
        return new PartitionTable(
            PartitionScheme.Mbr,
            sectorSize,
            [.. partitions.Select(p => new DiskPartition(p.Type.ToString("x2", CultureInfo.InvariantCulture), (long)p.Start * sectorSize, (long)p.Count * sectorSize))],
            modes,
            partitions.Any(p => ((long)p.Start + p.Count) * sectorSize > diskLength)
                ? [new DiskNotice("PartitionsBeyondEnd", "A partition goes beyond the end of the disk: the file was cut, or is one of several pieces.")]
                : []);
    }

    // A file system that begins at the first sector has the same mark: its boot code stands where partitions would, and makes no sense as such.
    private static MasterBootRecord? Parse(byte[] sector)
    {
        if (sector[510] != 0x55 || sector[511] != 0xaa)
            return null;
        var partitions = new List<(byte, bool, uint, uint)>();
        for (int i = 0; i < Entries; i++)
        {
            ReadOnlySpan<byte> entry = sector.AsSpan(EntriesOffset + (i * EntryLength), EntryLength);
            if ((entry[0] & ~Active) != 0)
                return null;
            uint count = BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]);
            if (entry[4] != 0 && count != 0)
                partitions.Add((entry[4], entry[0] == Active, BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]), count));
        }

        return partitions.Count == 0 ? null : new MasterBootRecord(sector.AsSpan(0, BootCodeLength).ContainsAnyExcept((byte)0), partitions);
    }
}
