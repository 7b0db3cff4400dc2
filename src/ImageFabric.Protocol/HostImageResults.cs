using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>An image on a host: one name of it, in one format.</summary>
[DataContract]
public sealed class HostImageResult : EngineEvent
{
    /// <summary><see cref="State"/> of a whole, verified image.</summary>
    public const string Present = "Present";

    /// <summary><see cref="State"/> of what an interrupted pull left; the next pull of the image goes on from it.</summary>
    public const string Partial = "Partial";

    /// <summary><see cref="State"/> of what was removed.</summary>
    public const string Removed = "Removed";

    /// <summary><see cref="State"/> of what would be removed, had it not been a plan only.</summary>
    public const string Removable = "Removable";

    /// <summary>Makes a result line.</summary>
    public HostImageResult() => Type = ResultType;

    /// <summary><c>NAME:VERSION</c>; the image id when the host knows no name of it.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary><c>sha256:…</c> of the content.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary><see cref="Present"/>, <see cref="Partial"/>, <see cref="Removed"/> or <see cref="Removable"/>.</summary>
    [DataMember(Name = "state")]
    public string State { get; set; } = "";

    /// <summary>Format of the file.</summary>
    [DataMember(Name = "format")]
    public string Format { get; set; } = "";

    /// <summary>The file.</summary>
    [DataMember(Name = "path")]
    public string Path { get; set; } = "";

    /// <summary>Size of the disk as the guest sees it, in bytes. Null when the host does not know it.</summary>
    [DataMember(Name = "virtualSize", EmitDefaultValue = false)]
    public long? VirtualSize { get; set; }

    /// <summary>Bytes that the file takes on the file system.</summary>
    [DataMember(Name = "allocatedSize")]
    public long AllocatedSize { get; set; }

    /// <summary>Those of them that it shares with other files, so that its removal does not free them. Null when the file system does not say.</summary>
    [DataMember(Name = "sharedSize", EmitDefaultValue = false)]
    public long? SharedSize { get; set; }

    /// <summary>When it was last synced or a machine was made from it, UTC, ISO 8601.</summary>
    [DataMember(Name = "lastUsed")]
    public string LastUsed { get; set; } = "";

    /// <summary>When it was published, UTC, ISO 8601. Null when the host does not know it.</summary>
    [DataMember(Name = "published", EmitDefaultValue = false)]
    public string? Published { get; set; }

    /// <summary>Names of the machines of this host whose disks are based on the file, whoever made them. Null: none.</summary>
    [DataMember(Name = "usedBy", EmitDefaultValue = false)]
    public string[]? UsedBy { get; set; }
}

/// <summary>What reading an image of a host came to.</summary>
[DataContract]
public sealed class HostImageTestResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public HostImageTestResult() => Type = ResultType;

    /// <summary><c>NAME:VERSION</c>; the image id when the host knows no name of it.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary><c>sha256:…</c> of the content that it should have.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary>Format of the file.</summary>
    [DataMember(Name = "format")]
    public string Format { get; set; } = "";

    /// <summary>The file.</summary>
    [DataMember(Name = "path")]
    public string Path { get; set; } = "";

    /// <summary>True when every byte is what was published.</summary>
    [DataMember(Name = "intact")]
    public bool Intact { get; set; }

    /// <summary>What is wrong, in one sentence. Null when nothing is.</summary>
    [DataMember(Name = "damage", EmitDefaultValue = false)]
    public string? Damage { get; set; }

    /// <summary>Chunks of the disk whose content was checked.</summary>
    [DataMember(Name = "chunksVerified")]
    public long ChunksVerified { get; set; }

    /// <summary>Those of them whose content is another than was published.</summary>
    [DataMember(Name = "chunksDamaged")]
    public long ChunksDamaged { get; set; }

    /// <summary>Bytes of the disk that were read.</summary>
    [DataMember(Name = "bytesRead")]
    public long BytesRead { get; set; }

    /// <summary>Time it took, in seconds.</summary>
    [DataMember(Name = "durationSeconds")]
    public double DurationSeconds { get; set; }
}

/// <summary>What one check of a host came to.</summary>
[DataContract]
public sealed class HostTestResult : EngineEvent
{
    /// <summary><see cref="Status"/> of what is as it should be.</summary>
    public const string Passed = "Passed";

    /// <summary><see cref="Status"/> of what works, but slower or with less.</summary>
    public const string Warning = "Warning";

    /// <summary><see cref="Status"/> of what keeps images or machines from this host.</summary>
    public const string Failed = "Failed";

    /// <summary>Makes a result line.</summary>
    public HostTestResult() => Type = ResultType;

    /// <summary>
    /// What was looked at: <c>ImageDirectory</c>, <c>Permissions</c>, <c>FreeSpace</c>, <c>BlockClone</c>, <c>Hypervisor</c>, <c>Virtualization</c>,
    /// <c>Firmware</c>, <c>Network</c>, <c>DiskTool</c>, <c>Clock</c> or <c>Store</c>.
    /// </summary>
    [DataMember(Name = "check")]
    public string Check { get; set; } = "";

    /// <summary><see cref="Passed"/>, <see cref="Warning"/> or <see cref="Failed"/>.</summary>
    [DataMember(Name = "status")]
    public string Status { get; set; } = "";

    /// <summary>What was found, in one sentence.</summary>
    [DataMember(Name = "message")]
    public string Message { get; set; } = "";

    /// <summary>What to do about it. Null when nothing is to be done.</summary>
    [DataMember(Name = "recommendedAction", EmitDefaultValue = false)]
    public string? RecommendedAction { get; set; }
}
