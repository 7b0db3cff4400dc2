using System;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>An image and what its publishing took.</summary>
public sealed class PublishedVmImage
{
    internal PublishedVmImage(PublishResult result, string? store)
    {
        Name = result.Name;
        Version = result.Version;
        ImageId = result.ImageId;
        Created = result.Created;
        SourceFormat = result.SourceFormat;
        VirtualSize = result.VirtualSize;
        BytesRead = result.BytesRead;
        BytesUploaded = result.BytesUploaded;
        DeltaBytes = result.DeltaBytes;
        BytesReused = result.BytesReused;
        PacksUploaded = result.PacksUploaded;
        Duration = TimeSpan.FromSeconds(result.DurationSeconds);
        Store = store;
        PlanOnly = result.PlanOnly;
        SignerThumbprint = result.SignerThumbprint;
    }

    /// <summary>Name of the image.</summary>
    public string Name { get; }

    /// <summary>Version of the image.</summary>
    public string Version { get; }

    /// <summary><c>name:version</c>, as <c>-Image</c> takes it.</summary>
    public string Image => $"{Name}:{Version}";

    /// <summary><c>sha256:…</c> of the content.</summary>
    public string ImageId { get; }

    /// <summary>SHA-256 thumbprint of the certificate it was signed with. Null: it was not signed.</summary>
    public string? SignerThumbprint { get; }

    /// <summary>True with <c>-WhatIf</c>: nothing was uploaded, and the other properties say what would be.</summary>
    public bool PlanOnly { get; }

    /// <summary>False when this very version with this very content was published before.</summary>
    public bool Created { get; }

    /// <summary>Format of the source file.</summary>
    public string SourceFormat { get; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    public long VirtualSize { get; }

    /// <summary>Bytes of the disk that were read: everything but holes.</summary>
    public long BytesRead { get; }

    /// <summary>Bytes sent to the store, deltas included.</summary>
    public long BytesUploaded { get; }

    /// <summary>Those of them that are deltas from other versions. With <c>-WhatIf</c> none is made, and it is 0.</summary>
    public long DeltaBytes { get; }

    /// <summary>Bytes of the disk that the store already had.</summary>
    public long BytesReused { get; }

    /// <summary>Packs sent to the store.</summary>
    public int PacksUploaded { get; }

    /// <summary>Time it took.</summary>
    public TimeSpan Duration { get; }

    /// <summary>What selects the store as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Store { get; }

    /// <summary><c>name:version</c>.</summary>
    public override string ToString() => Image;
}
