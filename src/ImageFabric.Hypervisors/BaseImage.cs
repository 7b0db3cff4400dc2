namespace ImageFabric.Hypervisors;

/// <summary>An image on this host that machines are made from. It is only ever read.</summary>
/// <param name="Path">The image's file, absolute.</param>
/// <param name="Format">Format of the file; one of <see cref="IHypervisor.ImageFormats"/>, or no machine can be made from it.</param>
/// <param name="ImageId"><c>sha256:…</c> of the content.</param>
/// <param name="VirtualSize">Size of the disk as the guest sees it, in bytes.</param>
/// <param name="Reference"><c>NAME:VERSION</c>.</param>
public sealed record BaseImage(string Path, string Format, string ImageId, long VirtualSize, string Reference)
{
    /// <summary>How it boots: <c>BIOS</c>, <c>UEFI</c> or <c>BIOS+UEFI</c>. Null: not known.</summary>
    public string? BootMode { get; init; }

    /// <summary>Bytes of the disk's logical sectors, 512 or 4096.</summary>
    public int SectorSize { get; init; } = 512;

    /// <summary>The guest's system, as the image's label <c>os</c> says it, for example <c>windows</c>. Null: not known.</summary>
    public string? GuestSystem { get; init; }
}
