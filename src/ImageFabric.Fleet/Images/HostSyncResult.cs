using System;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>What bringing an image to one host came to.</summary>
public sealed class HostSyncResult
{
    /// <summary><see cref="Status"/> when data was brought to the host.</summary>
    public const string Synced = PullResult.Synced;

    /// <summary><see cref="Status"/> when the host had the image before.</summary>
    public const string AlreadyPresent = PullResult.AlreadyPresent;

    /// <summary><see cref="Status"/> when it failed; <see cref="Error"/> says why.</summary>
    public const string Failed = "Failed";

    internal HostSyncResult(HostAddress host, ImageResult image, TimeSpan duration)
    {
        Host = host.Name;
        Image = $"{image.Name}:{image.Version}";
        ImageId = image.ImageId;
        Duration = duration;
    }

    /// <summary>Name of the host.</summary>
    public string Host { get; }

    /// <summary>The image as <c>NAME:VERSION</c>; never <c>latest</c>.</summary>
    public string Image { get; }

    /// <summary><c>sha256:…</c> of the image's content.</summary>
    public string ImageId { get; }

    /// <summary><see cref="Synced"/>, <see cref="AlreadyPresent"/> or <see cref="Failed"/>.</summary>
    public string Status { get; internal set; } = Failed;

    /// <summary>Bytes that crossed the wire from the store to the host.</summary>
    public long BytesFetched { get; internal set; }

    /// <summary>Bytes that came from other hosts, in a fan-out.</summary>
    public long BytesFromHosts { get; internal set; }

    /// <summary>Bytes of the disk taken from what the host already had.</summary>
    public long BytesReused { get; internal set; }

    /// <summary>Time from the connection to the end.</summary>
    public TimeSpan Duration { get; }

    /// <summary>The image's file on the host. Null when it failed.</summary>
    public string? Path { get; internal set; }

    /// <summary>Format of that file. Null when it failed.</summary>
    public string? Format { get; internal set; }

    /// <summary>Why it failed. Null when it did not.</summary>
    public ErrorEvent? Error { get; internal set; }
}
