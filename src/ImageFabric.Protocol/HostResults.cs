using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>What a pull did.</summary>
[DataContract]
public sealed class PullResult : EngineEvent
{
    /// <summary><see cref="Status"/> when data was brought here.</summary>
    public const string Synced = "Synced";

    /// <summary><see cref="Status"/> when the image was here before.</summary>
    public const string AlreadyPresent = "AlreadyPresent";

    /// <summary>Makes a result line.</summary>
    public PullResult() => Type = ResultType;

    /// <summary><c>sha256:…</c> of the content.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary><see cref="Synced"/> or <see cref="AlreadyPresent"/>.</summary>
    [DataMember(Name = "status")]
    public string Status { get; set; } = "";

    /// <summary>Bytes that crossed the wire from the store: index and frames.</summary>
    [DataMember(Name = "bytesFetched")]
    public long BytesFetched { get; set; }

    /// <summary>Bytes that came from other hosts, in a fan-out.</summary>
    [DataMember(Name = "bytesFromHosts", EmitDefaultValue = false)]
    public long BytesFromHosts { get; set; }

    /// <summary>Bytes of the disk taken from what the host already had.</summary>
    [DataMember(Name = "bytesReused")]
    public long BytesReused { get; set; }

    /// <summary>The whole, verified, read-only file.</summary>
    [DataMember(Name = "path")]
    public string Path { get; set; } = "";

    /// <summary>Format of the file.</summary>
    [DataMember(Name = "format")]
    public string Format { get; set; } = "";

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    [DataMember(Name = "virtualSize")]
    public long VirtualSize { get; set; }

    /// <summary>Time it took, in seconds.</summary>
    [DataMember(Name = "durationSeconds")]
    public double DurationSeconds { get; set; }
}

/// <summary>A virtual machine that was made from an image.</summary>
[DataContract]
public sealed class VmResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public VmResult() => Type = ResultType;

    /// <summary>Name of the machine.</summary>
    [DataMember(Name = "name")]
    public string Name { get; set; } = "";

    /// <summary>The hypervisor's id of the machine, a UUID.</summary>
    [DataMember(Name = "id")]
    public string Id { get; set; } = "";

    /// <summary><c>NAME:VERSION</c> of the image it was made from.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary><c>sha256:…</c> of that image's content.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary><c>Running</c>, <c>Off</c>, <c>Paused</c>, <c>Crashed</c> or <c>Unknown</c>.</summary>
    [DataMember(Name = "state")]
    public string State { get; set; } = "";

    /// <summary><c>kvm</c>, <c>qemu</c> (emulation) or <c>hyper-v</c>.</summary>
    [DataMember(Name = "virtualization")]
    public string Virtualization { get; set; } = "";

    /// <summary>Virtual processors.</summary>
    [DataMember(Name = "cpu")]
    public int Cpu { get; set; }

    /// <summary>Memory in bytes.</summary>
    [DataMember(Name = "memoryBytes")]
    public long MemoryBytes { get; set; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    [DataMember(Name = "diskSizeBytes")]
    public long DiskSizeBytes { get; set; }

    /// <summary>The disk's file on the host.</summary>
    [DataMember(Name = "diskPath")]
    public string DiskPath { get; set; } = "";

    /// <summary>True when the disk holds only its differences from the base image.</summary>
    [DataMember(Name = "linkedClone")]
    public bool LinkedClone { get; set; }

    /// <summary>Addresses of the guest, as far as they are known.</summary>
    [DataMember(Name = "addresses", EmitDefaultValue = false)]
    public string[]? Addresses { get; set; }

    /// <summary>File on the host that the guest's serial console is written to.</summary>
    [DataMember(Name = "consolePath", EmitDefaultValue = false)]
    public string? ConsolePath { get; set; }

    /// <summary>When it was made, UTC, ISO 8601.</summary>
    [DataMember(Name = "created")]
    public string Created { get; set; } = "";
}

/// <summary>What syncing one host came to; the line that <c>imagefabric sync --json</c> writes for each.</summary>
[DataContract]
public sealed class SyncResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public SyncResult() => Type = ResultType;

    /// <summary>The host, as it was named.</summary>
    [DataMember(Name = "host")]
    public string Host { get; set; } = "";

    /// <summary><c>NAME:VERSION</c> of the image.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary><c>sha256:…</c> of the content.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary><c>Synced</c>, <c>AlreadyPresent</c> or <c>Failed</c>.</summary>
    [DataMember(Name = "status")]
    public string Status { get; set; } = "";

    /// <summary>Bytes that crossed the wire from the store to the host.</summary>
    [DataMember(Name = "bytesFetched")]
    public long BytesFetched { get; set; }

    /// <summary>Bytes that came from other hosts, in a fan-out.</summary>
    [DataMember(Name = "bytesFromHosts", EmitDefaultValue = false)]
    public long BytesFromHosts { get; set; }

    /// <summary>Bytes of the disk taken from what the host already had.</summary>
    [DataMember(Name = "bytesReused")]
    public long BytesReused { get; set; }

    /// <summary>The image's file on the host. Null when it failed.</summary>
    [DataMember(Name = "path", EmitDefaultValue = false)]
    public string? Path { get; set; }

    /// <summary>Time it took, in seconds.</summary>
    [DataMember(Name = "durationSeconds")]
    public double DurationSeconds { get; set; }
}
