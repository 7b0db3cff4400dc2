using System;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>An image on a host.</summary>
public sealed class VmHostImage : HostItem
{
    internal VmHostImage(HostConnection connection, HostImageResult image)
        : base(connection)
    {
        Image = image.Image;
        ImageId = image.ImageId;
        State = image.State;
        Format = image.Format;
        Path = image.Path;
        VirtualSize = image.VirtualSize;
        AllocatedSize = image.AllocatedSize;
        SharedSize = image.SharedSize;
        LastUsed = WireTime.Read(image.LastUsed);
        Published = image.Published is null ? null : WireTime.Read(image.Published);
        UsedBy = image.UsedBy ?? [];
    }

    /// <summary>The image as <c>name:version</c>; its id when the host knows no name of it.</summary>
    public string Image { get; }

    /// <summary><c>sha256:…</c> of the image's content.</summary>
    public string ImageId { get; }

    /// <summary><c>Present</c>, or <c>Partial</c> for what an interrupted sync left; <c>Removed</c> when it was just removed.</summary>
    public string State { get; }

    /// <summary>Format of the file.</summary>
    public string Format { get; }

    /// <summary>The file on the host.</summary>
    public string Path { get; }

    /// <summary>Size of the disk as the guest sees it, in bytes. Null when the host does not know it.</summary>
    public long? VirtualSize { get; }

    /// <summary>Bytes that the file takes on the host's file system.</summary>
    public long AllocatedSize { get; }

    /// <summary>Those of them that it shares with other files, so that its removal does not free them. Null when the file system does not say.</summary>
    public long? SharedSize { get; }

    /// <summary>When it was last synced or a machine was made from it.</summary>
    public DateTime? LastUsed { get; }

    /// <summary>When it was published. Null when the host does not know it.</summary>
    public DateTime? Published { get; }

    /// <summary>Names of the host's machines whose disks are based on the image, whoever made them.</summary>
    public string[] UsedBy { get; }

    /// <summary>Bytes that its removal frees.</summary>
    internal long FreedSize => AllocatedSize - (SharedSize ?? 0);
}
