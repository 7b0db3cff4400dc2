namespace ImageFabric.Disks.Partitions;

/// <summary>How a disk is divided, and how a machine may boot from it, as far as its first sectors tell. No file system is looked into.</summary>
/// <param name="Scheme">What kind of table the disk has.</param>
/// <param name="SectorSize">Bytes of the sectors that the table counts in; null without a table.</param>
/// <param name="Partitions">The partitions, in the table's order; logical partitions within an extended one are left out.</param>
/// <param name="BootModes">How a machine may boot from the disk.</param>
/// <param name="Notices">What a person should know of the table.</param>
public sealed record PartitionTable(
    PartitionScheme Scheme, int? SectorSize, IReadOnlyList<DiskPartition> Partitions, BootModes BootModes, IReadOnlyList<DiskNotice> Notices)
{
    /// <summary>A disk without a table.</summary>
    internal static PartitionTable Absent { get; } = new(PartitionScheme.None, null, [], BootModes.None, []);

    /// <summary>Reads the table of a disk. A table that is damaged is a notice, not an error: it is the guest's.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException">The disk cannot be read.</exception>
    public static async Task<PartitionTable> ReadAsync(ILogicalDisk disk, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(disk);
        return await MasterBootRecord.ReadAsync(disk, cancellationToken).ConfigureAwait(false) is not { } record ? Absent
            : record.IsProtective ? await GuidPartitionTable.ReadAsync(disk, record, cancellationToken).ConfigureAwait(false)
            : record.ToTable(disk.SectorSize, disk.IsSequential ? null : disk.Length);
    }
}

/// <summary>Kinds of partition tables.</summary>
public enum PartitionScheme
{
    /// <summary>The disk has none, or none that is known.</summary>
    None,

    /// <summary>A master boot record.</summary>
    Mbr,

    /// <summary>A GUID partition table.</summary>
    Gpt,
}

/// <summary>Ways to boot.</summary>
[Flags]
public enum BootModes
{
    /// <summary>Nothing to boot from was found.</summary>
    None = 0,

    /// <summary>By the boot code of the first sector.</summary>
    Bios = 1,

    /// <summary>From an EFI system partition.</summary>
    Uefi = 2,
}

/// <summary>One partition.</summary>
/// <param name="Type">Two hexadecimal digits of an MBR type, or the GUID of a GPT one.</param>
/// <param name="Offset">Where it begins on the disk, in bytes.</param>
/// <param name="Length">How long it is, in bytes.</param>
public sealed record DiskPartition(string Type, long Offset, long Length);
