using System;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>An image and what copying it to another store took.</summary>
public sealed class CopiedVmImage
{
    internal CopiedVmImage(CopyResult result, string? store)
    {
        Image = result.Image;
        ImageId = result.ImageId;
        Status = result.Status;
        Uri = result.Destination;
        BytesCopied = result.BytesCopied;
        BytesReused = result.BytesReused;
        PacksCopied = result.PacksCopied;
        PacksReused = result.PacksReused;
        Duration = TimeSpan.FromSeconds(result.DurationSeconds);
        Store = store;
    }

    /// <summary>The image as <c>name:version</c>.</summary>
    public string Image { get; }

    /// <summary><c>sha256:…</c> of the content.</summary>
    public string ImageId { get; }

    /// <summary><c>Copied</c>, <c>AlreadyPresent</c>, or <c>Planned</c> with <c>-WhatIf</c>.</summary>
    public string Status { get; }

    /// <summary>Bytes moved: packs, index and manifest. With <c>-WhatIf</c>: bytes that would be.</summary>
    public long BytesCopied { get; }

    /// <summary>Bytes of packs that the destination had already.</summary>
    public long BytesReused { get; }

    /// <summary>Packs moved.</summary>
    public int PacksCopied { get; }

    /// <summary>Packs that the destination had already.</summary>
    public int PacksReused { get; }

    /// <summary>Time it took.</summary>
    public TimeSpan Duration { get; }

    /// <summary>What selects the destination as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Store { get; }

    /// <summary>Location of the destination.</summary>
    public string Uri { get; }

    /// <summary><c>name:version</c>.</summary>
    public override string ToString() => Image;
}
