using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>Copies published images from one store to another; only what the destination lacks is moved.</summary>
[DataContract]
public sealed class CopyRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Copy"/>.</summary>
    public CopyRequest() => Operation = Operations.Copy;

    /// <summary><c>NAME[:VERSION]</c> with the wildcards <c>*</c> and <c>?</c>; version <c>latest</c> means the newest. Without wildcards it must be there.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary>The store that is copied to; it is made when it does not exist. Null: the user's own directory store.</summary>
    [DataMember(Name = "destination", EmitDefaultValue = false)]
    public StoreReference? Destination { get; set; }

    /// <summary>Packs on their way at the same time, 1 to 64. Null: the engine's choice.</summary>
    [DataMember(Name = "throttle", EmitDefaultValue = false)]
    public int? Throttle { get; set; }

    /// <summary>Say what would be copied, and copy nothing.</summary>
    [DataMember(Name = "planOnly", EmitDefaultValue = false)]
    public bool PlanOnly { get; set; }
}

/// <summary>What copying one image came to.</summary>
[DataContract]
public sealed class CopyResult : EngineEvent
{
    /// <summary><see cref="Status"/> when something was moved.</summary>
    public const string Copied = "Copied";

    /// <summary><see cref="Status"/> when the destination had the image whole before.</summary>
    public const string AlreadyPresent = "AlreadyPresent";

    /// <summary><see cref="Status"/> when something would be moved, and nothing was.</summary>
    public const string Planned = "Planned";

    /// <summary>Makes a result line.</summary>
    public CopyResult() => Type = ResultType;

    /// <summary><c>NAME:VERSION</c> of the image.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary><c>sha256:…</c> of the content.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary><see cref="Copied"/>, <see cref="AlreadyPresent"/> or <see cref="Planned"/>.</summary>
    [DataMember(Name = "status")]
    public string Status { get; set; } = "";

    /// <summary>Location of the store that was copied to.</summary>
    [DataMember(Name = "destination")]
    public string Destination { get; set; } = "";

    /// <summary>Bytes moved: packs, index and manifest.</summary>
    [DataMember(Name = "bytesCopied")]
    public long BytesCopied { get; set; }

    /// <summary>Bytes of packs that the destination had already.</summary>
    [DataMember(Name = "bytesReused")]
    public long BytesReused { get; set; }

    /// <summary>Packs moved.</summary>
    [DataMember(Name = "packsCopied")]
    public int PacksCopied { get; set; }

    /// <summary>Packs that the destination had already.</summary>
    [DataMember(Name = "packsReused")]
    public int PacksReused { get; set; }

    /// <summary>Time it took, in seconds.</summary>
    [DataMember(Name = "durationSeconds")]
    public double DurationSeconds { get; set; }
}
