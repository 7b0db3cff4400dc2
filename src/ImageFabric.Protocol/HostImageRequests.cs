using System;
using System.Globalization;
using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>Lists the images of a host.</summary>
[DataContract]
public sealed class HostImageListRequest : HostRequest
{
    /// <summary>Makes a request for <see cref="Operations.HostImageList"/>.</summary>
    public HostImageListRequest() => Operation = Operations.HostImageList;
}

/// <summary>
/// Removes images from a host. Of those that <see cref="Images"/> names, the newest <see cref="KeepLast"/> of each name stay, and so does what was
/// used within <see cref="UnusedSeconds"/>; with <see cref="FreeBytes"/> removal ends as soon as so much is free, the longest unused first.
/// An image that a machine of this host is based on always stays.
/// </summary>
[DataContract]
public sealed class HostImageRemoveRequest : HostRequest
{
    /// <summary>Makes a request for <see cref="Operations.HostImageRemove"/>.</summary>
    public HostImageRemoveRequest() => Operation = Operations.HostImageRemove;

    /// <summary>
    /// <c>NAME[:VERSION]</c>, both with the wildcards <c>*</c> and <c>?</c>; or <c>sha256:…</c>, the id of an image that no name leads to. One that has no
    /// wildcard and names nothing gives <c>ImageNotOnHost</c>, one that names an image in use <c>ImageInUse</c>.
    /// </summary>
    [DataMember(Name = "images")]
    public string[] Images { get; set; } = [];

    /// <summary>How many versions of each name stay, counted from the newest; 0 or more. Null: none for being new.</summary>
    [DataMember(Name = "keepLast", EmitDefaultValue = false)]
    public int? KeepLast { get; set; }

    /// <summary>Only what was not used for so long, in seconds; 0 or more. Null: whenever it was used.</summary>
    [DataMember(Name = "unusedSeconds", EmitDefaultValue = false)]
    public long? UnusedSeconds { get; set; }

    /// <summary>Only until the file system has so much room, in bytes. Null: all that is named.</summary>
    [DataMember(Name = "freeBytes", EmitDefaultValue = false)]
    public long? FreeBytes { get; set; }

    /// <summary>Say what would be removed, and remove nothing.</summary>
    [DataMember(Name = "planOnly", EmitDefaultValue = false)]
    public bool PlanOnly { get; set; }
}

/// <summary>Reads images of a host and checks every byte.</summary>
[DataContract]
public sealed class HostImageTestRequest : HostRequest
{
    /// <summary>Makes a request for <see cref="Operations.HostImageTest"/>.</summary>
    public HostImageTestRequest() => Operation = Operations.HostImageTest;

    /// <summary>As <see cref="HostImageRemoveRequest.Images"/>.</summary>
    [DataMember(Name = "images")]
    public string[] Images { get; set; } = [];
}

/// <summary>Looks for what is missing or weak on a host.</summary>
[DataContract]
public sealed class HostTestRequest : HostRequest
{
    /// <summary>Makes a request for <see cref="Operations.HostTest"/>.</summary>
    public HostTestRequest() => Operation = Operations.HostTest;

    private string? _received;

    /// <summary>What the asking machine's clock shows when the request is sent, UTC, ISO 8601.</summary>
    [DataMember(Name = "clock")]
    public string Clock
    {
        // Read when the request is written, which may be a while after it was made: the way to the host and the engine's installation come between.
        get => _received ?? DateTime.UtcNow.ToString("O", CultureInfo.InvariantCulture);
        set => _received = value;
    }

    /// <summary>
    /// Address of the store as hosts use it: <c>http(s)://…</c> of its endpoint, or <c>file://…</c> of a directory. Null: the store is not looked for.
    /// </summary>
    [DataMember(Name = "storeAddress", EmitDefaultValue = false)]
    public string? StoreAddress { get; set; }

    /// <summary>Room that should be free for images, in bytes. Null: 10 GiB.</summary>
    [DataMember(Name = "freeBytes", EmitDefaultValue = false)]
    public long? FreeBytes { get; set; }
}
