namespace ImageFabric.Disks.Mapping;

/// <summary>What a format's header says of the disk as a whole.</summary>
/// <param name="Format">Format of the file.</param>
/// <param name="Subformat">See <see cref="ILogicalDisk.Subformat"/>.</param>
/// <param name="Length">Size of the disk in bytes.</param>
/// <param name="Notices">What a person should know.</param>
internal sealed record DiskTraits(string Format, string Subformat, long Length, IReadOnlyList<DiskNotice> Notices)
{
    /// <summary>Bytes of a logical sector.</summary>
    public int SectorSize { get; init; } = 512;
}
