namespace ImageFabric.Disks;

/// <summary>Limits that a disk image file must keep to before anything is read from it.</summary>
public sealed record DiskPolicy
{
    /// <summary>Largest file that is read, in bytes. 64 TiB unless set.</summary>
    public long MaximumFileLength { get; init; } = 64L << 40;

    /// <summary>Largest disk, as the guest sees it, in bytes. 64 TiB unless set.</summary>
    public long MaximumVirtualLength { get; init; } = 64L << 40;

    /// <summary>64 TiB for either.</summary>
    public static DiskPolicy Default { get; } = new();
}
