using ImageFabric.Disks;
using ImageFabric.Disks.Partitions;
using ImageFabric.Protocol;
using ImageFabric.Store.Sources;

namespace ImageFabric.Engine.Operations;

/// <summary>A disk image file that may be published, opened, with what is known of its disk.</summary>
internal sealed class Preflight : IDisposable
{
    private readonly IReadOnlyList<DiskNotice> ofContent;

    private Preflight(ILogicalDisk disk, PartitionTable table, IReadOnlyList<DiskNotice> content)
    {
        Disk = disk;
        ofContent = [.. table.Notices, .. content];
        SectorSize = SectorSizeOf(disk, table);
        PartitionTable = table.Scheme switch { PartitionScheme.Gpt => "GPT", PartitionScheme.Mbr => "MBR", _ => null };
        BootMode = table.BootModes switch
        {
            BootModes.Bios => "BIOS",
            BootModes.Uefi => "UEFI",
            BootModes.Bios | BootModes.Uefi => "BIOS+UEFI",
            _ => null,
        };
    }

    public ILogicalDisk Disk { get; }

    /// <summary>What a person should know of the file and of the disk's partition table. There may be more when the disk was read.</summary>
    public IReadOnlyList<DiskNotice> Notices => [.. Disk.Notices, .. ofContent];

    /// <summary>Bytes of a logical sector: what the format says, or, where it says nothing, what the disk's partition table counts in.</summary>
    public int SectorSize { get; }

    /// <summary><c>GPT</c>, <c>MBR</c> or null.</summary>
    public string? PartitionTable { get; }

    /// <summary><c>BIOS</c>, <c>UEFI</c>, <c>BIOS+UEFI</c> or null.</summary>
    public string? BootMode { get; }

    /// <summary>Opens the file, here or elsewhere, if the policy allows it and it is whole and stands alone.</summary>
    /// <exception cref="DiskException">It may not be published.</exception>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public static async Task<Preflight> RunAsync(string? source, StoreReference? service, ImagePolicy? policy, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(source))
            throw new OperationException("InvalidRequest", null, "The request names no disk image file.");
        DiskPolicy limits = Translate(policy);
        ILogicalDisk disk = RemoteFile.IsMeant(source)
            ? await DiskImage.OpenRemoteAsync(await RemoteFile.OpenAsync(source, Stores.Location(service), cancellationToken).ConfigureAwait(false), limits, cancellationToken).ConfigureAwait(false)
            : await DiskImage.OpenAsync(source, limits, cancellationToken).ConfigureAwait(false);
        try
        {
            PartitionTable table = await Disks.Partitions.PartitionTable.ReadAsync(disk, cancellationToken).ConfigureAwait(false);
            limits.CheckSectorSize(source, SectorSizeOf(disk, table));
            return new Preflight(disk, table, limits.TakesAnythingAsRaw ? [] : await DiskContent.NoticesAsync(disk, cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    public void Dispose() => Disk.Dispose();

    // Only a VHDX names its sectors. Those of the others have 512 bytes, unless the disk was made where they had 4096: then its GPT counts so.
    private static int SectorSizeOf(ILogicalDisk disk, PartitionTable table) => disk.Format != "vhdx" && table is { Scheme: PartitionScheme.Gpt, SectorSize: { } counted } ? counted : disk.SectorSize;

    private static DiskPolicy Translate(ImagePolicy? policy)
    {
        if (policy is null)
            return new DiskPolicy { RefusesText = true };
        if (policy.MaximumFileSize < 1 || policy.MaximumVirtualSize < 1)
            throw new OperationException("InvalidRequest", null, "A policy's largest size is at least one byte.");
        if (policy.MinimumSectorSize is not (null or 512 or 4096) || policy.MaximumSectorSize is not (null or 512 or 4096))
            throw new OperationException("InvalidRequest", null, "A policy's sector size is 512 or 4096.");
        if (policy.AllowedFormats?.FirstOrDefault(static format => !DiskImage.Formats.Contains(format)) is { } unknown)
            throw new OperationException("InvalidRequest", unknown, $"'{unknown}' is not a format that can be read; these are: {string.Join(", ", DiskImage.Formats)}.");
        if (policy.SourceFormat is not (null or "raw"))
            throw new OperationException("InvalidRequest", policy.SourceFormat, "The only format that can be said of a source is raw; others are told by the content.");
        DiskPolicy usual = DiskPolicy.Default;
        return new DiskPolicy
        {
            MaximumFileLength = policy.MaximumFileSize ?? usual.MaximumFileLength,
            MaximumVirtualLength = policy.MaximumVirtualSize ?? usual.MaximumVirtualLength,
            AllowedFormats = policy.AllowedFormats,
            TakesAnythingAsRaw = policy.SourceFormat == "raw",
            RefusesText = policy.SourceFormat is null,
            IgnoresDigests = policy.IgnoreDigests,
            MinimumSectorSize = policy.MinimumSectorSize ?? usual.MinimumSectorSize,
            MaximumSectorSize = policy.MaximumSectorSize ?? usual.MaximumSectorSize,
        };
    }
}
