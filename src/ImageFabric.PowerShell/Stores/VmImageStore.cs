using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>A registered store.</summary>
public sealed class VmImageStore
{
    internal VmImageStore(StoreRegistration store)
    {
        Name = store.Name;
        Uri = store.Uri;
        Endpoint = store.Endpoint;
        Region = store.Region;
        Profile = store.Profile;
        IsDefault = store.IsDefault;
        MaximumFileSize = store.Policy?.MaximumFileSize;
        MaximumVirtualSize = store.Policy?.MaximumVirtualSize;
        AllowedFormat = store.Policy?.AllowedFormats ?? [];
        MinimumSectorSize = store.Policy?.MinimumSectorSize;
        MaximumSectorSize = store.Policy?.MaximumSectorSize;
        TrustPolicy = store.Trust?.Mode ?? TrustSettings.None;
        TrustedCertificate = store.Trust?.Thumbprints ?? [];
        TrustedAuthority = store.Trust?.Authorities ?? [];
        HasCredential = SessionCredentials.Find(store.Name) is not null;
    }

    /// <summary>The name to give to <c>-Store</c>.</summary>
    public string Name { get; }

    /// <summary>A directory, or <c>s3://bucket/prefix</c>.</summary>
    public string Uri { get; }

    /// <summary>The S3 service's address. Null: Amazon's, by region, or the store is a directory.</summary>
    public string? Endpoint { get; }

    /// <summary>The S3 region. Null: the AWS chain's.</summary>
    public string? Region { get; }

    /// <summary>A profile of the AWS credential files. Null: the standard AWS chain.</summary>
    public string? Profile { get; }

    /// <summary>True for the store that is used when none is named.</summary>
    public bool IsDefault { get; }

    /// <summary>True when this session holds a credential for the store.</summary>
    public bool HasCredential { get; }

    /// <summary>Largest disk image file that is published here, in bytes. Null: no limit of its own.</summary>
    public long? MaximumFileSize { get; }

    /// <summary>Largest disk that is published here, in bytes. Null: no limit of its own.</summary>
    public long? MaximumVirtualSize { get; }

    /// <summary>Formats that are published here. Empty: all that can be read.</summary>
    public string[] AllowedFormat { get; }

    /// <summary>Smallest logical sector of disks that are published here, in bytes. Null: no limit of its own.</summary>
    public int? MinimumSectorSize { get; }

    /// <summary>Largest logical sector of disks that are published here, in bytes. Null: no limit of its own.</summary>
    public int? MaximumSectorSize { get; }

    /// <summary>What is asked of signatures of images that are taken from here: <c>None</c>, <c>WarnUnsigned</c> or <c>RequireSigned</c>.</summary>
    public string TrustPolicy { get; }

    /// <summary>Thumbprints of trusted signers.</summary>
    public string[] TrustedCertificate { get; }

    /// <summary>Authorities whose certificates for code signing are trusted: certificates, DER in base64.</summary>
    public string[] TrustedAuthority { get; }

    /// <summary>The store's name.</summary>
    public override string ToString() => Name;
}
