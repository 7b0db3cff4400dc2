using System;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>A published image in a file of this machine.</summary>
public sealed class SavedVmImage
{
    internal SavedVmImage(string image, PullResult result)
    {
        Image = image;
        ImageId = result.ImageId;
        Path = result.Path;
        DiskFormat = result.Format;
        VirtualSize = result.VirtualSize;
        BytesFetched = result.BytesFetched;
        BytesReused = result.BytesReused;
        Duration = TimeSpan.FromSeconds(result.DurationSeconds);
    }

    /// <summary>The image as <c>name:version</c>.</summary>
    public string Image { get; }

    /// <summary><c>sha256:…</c> of the image's content.</summary>
    public string ImageId { get; }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Format of the file.</summary>
    public string DiskFormat { get; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    public long VirtualSize { get; }

    /// <summary>Bytes that crossed the wire from the store.</summary>
    public long BytesFetched { get; }

    /// <summary>Bytes of the disk taken from seeds or from an interrupted save.</summary>
    public long BytesReused { get; }

    /// <summary>Time it took.</summary>
    public TimeSpan Duration { get; }
}
