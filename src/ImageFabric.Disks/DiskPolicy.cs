namespace ImageFabric.Disks;

/// <summary>Limits that a disk image file must keep to before anything is read from it.</summary>
public sealed record DiskPolicy
{
    /// <summary>Largest file that is read, in bytes. 64 TiB unless set.</summary>
    public long MaximumFileLength { get; init; } = 64L << 40;

    /// <summary>Largest disk, as the guest sees it, in bytes. 64 TiB unless set.</summary>
    public long MaximumVirtualLength { get; init; } = 64L << 40;

    /// <summary>The formats that are read, of <see cref="DiskImage.Formats"/>. Null: all.</summary>
    public IReadOnlyList<string>? AllowedFormats { get; init; }

    /// <summary>Smallest logical sector, in bytes. 512 unless set.</summary>
    public int MinimumSectorSize { get; init; } = 512;

    /// <summary>Largest logical sector, in bytes. 4096 unless set.</summary>
    public int MaximumSectorSize { get; init; } = 4096;

    /// <summary>True when the file is a raw disk whatever it looks like, since its owner says so.</summary>
    public bool TakesAnythingAsRaw { get; init; }

    /// <summary>True when text, and sizes that are no multiple of 512, are no raw disks. For what comes from outside; files of this program's own may be so.</summary>
    public bool RefusesText { get; init; }

    /// <summary>True when digests and signatures that stand beside a disk, in an OVF package, are not looked at.</summary>
    public bool IgnoresDigests { get; init; }

    /// <summary>Makes sure that a disk's sectors are of a size that may be.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sectorSize">Bytes of a logical sector.</param>
    /// <exception cref="DiskException"><c>SectorSizeNotAllowed</c>.</exception>
    public void CheckSectorSize(string path, int sectorSize)
    {
        if (sectorSize < MinimumSectorSize || sectorSize > MaximumSectorSize)
            throw new DiskException("SectorSizeNotAllowed", path, $"The disk has sectors of {sectorSize} bytes; the policy allows {MinimumSectorSize} to {MaximumSectorSize}.");
    }

    /// <summary>64 TiB for either size, every format, sectors of 512 to 4096 bytes.</summary>
    public static DiskPolicy Default { get; } = new();
}
