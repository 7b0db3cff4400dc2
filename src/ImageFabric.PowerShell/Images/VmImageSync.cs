using System;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>What bringing an image to one host came to.</summary>
public sealed class VmImageSync : HostItem
{
    internal VmImageSync(HostConnection connection, HostSyncResult result, string? store)
        : base(connection)
    {
        Image = result.Image;
        ImageId = result.ImageId;
        Status = result.Status;
        BytesFetched = result.BytesFetched;
        BytesFromHosts = result.BytesFromHosts;
        BytesReused = result.BytesReused;
        Duration = result.Duration;
        Path = result.Path;
        Format = result.Format;
        Store = store;
    }

    /// <summary>The image as <c>name:version</c>; never <c>latest</c>.</summary>
    public string Image { get; }

    /// <summary><c>sha256:…</c> of the image's content.</summary>
    public string ImageId { get; }

    /// <summary><c>Synced</c>, <c>AlreadyPresent</c> or <c>Failed</c>.</summary>
    public string Status { get; }

    /// <summary>Bytes that crossed the wire from the store to the host.</summary>
    public long BytesFetched { get; }

    /// <summary>Bytes that came from other hosts, with <c>-FanOut</c>.</summary>
    public long BytesFromHosts { get; }

    /// <summary>Bytes of the disk taken from what the host already had.</summary>
    public long BytesReused { get; }

    /// <summary>Time from the connection to the end.</summary>
    public TimeSpan Duration { get; }

    /// <summary>The image's file on the host. Null when it failed.</summary>
    public string? Path { get; }

    /// <summary>Format of that file. Null when it failed.</summary>
    public string? Format { get; }

    /// <summary>What selects the store as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Store { get; }

    /// <summary>True unless <see cref="Status"/> is <c>Failed</c>.</summary>
    internal bool Succeeded => Status != HostSyncResult.Failed;
}
