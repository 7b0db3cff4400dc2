using System;
using System.Collections.Generic;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>A published image.</summary>
public sealed class VmImage
{
    internal VmImage(ImageResult image, string? store)
    {
        Name = image.Name;
        Version = image.Version;
        ImageId = image.ImageId;
        VirtualSize = image.VirtualSize;
        DataSize = image.DataSize;
        StoredSize = image.StoredSize;
        Published = WireTime.Read(image.Published);
        SourceFormat = image.SourceFormat;
        SectorSize = image.SectorSize ?? 512;
        PartitionTable = image.PartitionTable;
        BootMode = image.BootMode;
        Labels = image.Labels ?? new Dictionary<string, string>();
        Store = store;
        IsSigned = image.Signature is not null;
        Signer = image.SignerSubject;
        SignerThumbprint = image.SignerThumbprint;
    }

    /// <summary>Name of the image.</summary>
    public string Name { get; }

    /// <summary>Version of the image.</summary>
    public string Version { get; }

    /// <summary><c>name:version</c>, as <c>-Image</c> takes it.</summary>
    public string Image => $"{Name}:{Version}";

    /// <summary><c>sha256:…</c> of the content.</summary>
    public string ImageId { get; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    public long VirtualSize { get; }

    /// <summary>Bytes of a logical sector of the disk.</summary>
    public int SectorSize { get; }

    /// <summary><c>GPT</c> or <c>MBR</c>. Null: there is none, or it is not known.</summary>
    public string? PartitionTable { get; }

    /// <summary>How a machine boots from the disk: <c>BIOS</c>, <c>UEFI</c> or <c>BIOS+UEFI</c>. Null: not known.</summary>
    public string? BootMode { get; }

    /// <summary>Bytes of the disk that are not holes.</summary>
    public long DataSize { get; }

    /// <summary>Bytes that a host without any seed fetches.</summary>
    public long StoredSize { get; }

    /// <summary>When it was published, in local time. Null when the store does not say.</summary>
    public DateTime? Published { get; }

    /// <summary>Format of the file it was published from.</summary>
    public string SourceFormat { get; }

    /// <summary>Labels given at publishing.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>True when the manifest has a signature; whether it is good and trusted is checked when the image is taken.</summary>
    public bool IsSigned { get; }

    /// <summary>Subject of the certificate in the signature. Null: it is not signed.</summary>
    public string? Signer { get; }

    /// <summary>SHA-256 thumbprint of that certificate. Null: it is not signed.</summary>
    public string? SignerThumbprint { get; }

    /// <summary>What selects the store as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Store { get; }

    /// <summary><c>name:version</c>.</summary>
    public override string ToString() => Image;
}
