using System.Collections.Generic;
using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>Reads published images back and makes good what is damaged or lost: the very objects from another store, or their content from hosts that have the image.</summary>
[DataContract]
public sealed class RepairRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Repair"/>.</summary>
    public RepairRequest() => Operation = Operations.Repair;

    /// <summary><c>NAME[:VERSION]</c> with the wildcards <c>*</c> and <c>?</c>. Without wildcards it must be there. Null: every image of the store.</summary>
    [DataMember(Name = "image", EmitDefaultValue = false)]
    public string? Image { get; set; }

    /// <summary>Another store that has the images. Null: none.</summary>
    [DataMember(Name = "source", EmitDefaultValue = false)]
    public StoreReference? Source { get; set; }

    /// <summary>Hosts that have the images, asked in this order after <see cref="Source"/>. Null: none.</summary>
    [DataMember(Name = "hosts", EmitDefaultValue = false)]
    public HostReference[]? Hosts { get; set; }

    /// <summary>Say what is damaged, and change nothing.</summary>
    [DataMember(Name = "planOnly", EmitDefaultValue = false)]
    public bool PlanOnly { get; set; }
}

/// <summary>A host and how to reach it over SSH. Travels to the administrator's own engine only.</summary>
[DataContract]
public sealed class HostReference
{
    /// <summary><c>[user@]host[:port]</c>; <c>localhost</c> is this machine.</summary>
    [DataMember(Name = "name")]
    public string Name { get; set; } = "";

    /// <summary>User of the SSH login. Null: as ssh_config says.</summary>
    [DataMember(Name = "userName", EmitDefaultValue = false)]
    public string? UserName { get; set; }

    /// <summary>TCP port of the SSH login. Null: as ssh_config says.</summary>
    [DataMember(Name = "port", EmitDefaultValue = false)]
    public int? Port { get; set; }

    /// <summary>Full path of a private key file. Null: ssh's own choice.</summary>
    [DataMember(Name = "keyFile", EmitDefaultValue = false)]
    public string? KeyFile { get; set; }

    /// <summary>Options of ssh_config(5) by keyword. Null: none.</summary>
    [DataMember(Name = "options", EmitDefaultValue = false)]
    public Dictionary<string, string>? Options { get; set; }

    /// <summary>Where the host keeps images. Null: the host's own default.</summary>
    [DataMember(Name = "imageDirectory", EmitDefaultValue = false)]
    public string? ImageDirectory { get; set; }
}

/// <summary>What became of one damaged object. One that could not be repaired is an <see cref="ErrorEvent"/> besides.</summary>
[DataContract]
public sealed class RepairResult : EngineEvent
{
    /// <summary><see cref="Status"/> when the very object is there again.</summary>
    public const string Restored = "Restored";

    /// <summary><see cref="Status"/> when its content is there again in new packs, which the images now name.</summary>
    public const string Rebuilt = "Rebuilt";

    /// <summary><see cref="Status"/> when nobody had what was lost.</summary>
    public const string Failed = "Failed";

    /// <summary><see cref="Status"/> when nothing was to be changed.</summary>
    public const string Damaged = "Damaged";

    /// <summary>Makes a result line.</summary>
    public RepairResult() => Type = ResultType;

    /// <summary>Key of the object.</summary>
    [DataMember(Name = "key")]
    public string Key { get; set; } = "";

    /// <summary>What was wrong with it: an id of the error table.</summary>
    [DataMember(Name = "damage")]
    public string Damage { get; set; } = "";

    /// <summary>The same in one sentence.</summary>
    [DataMember(Name = "message")]
    public string Message { get; set; } = "";

    /// <summary>Images, of those that were looked at, that need it, as <c>NAME:VERSION</c>.</summary>
    [DataMember(Name = "images")]
    public string[] Images { get; set; } = [];

    /// <summary><see cref="Restored"/>, <see cref="Rebuilt"/>, <see cref="Failed"/> or <see cref="Damaged"/>.</summary>
    [DataMember(Name = "status")]
    public string Status { get; set; } = "";

    /// <summary>The store or hosts that had it. Null: nobody.</summary>
    [DataMember(Name = "source", EmitDefaultValue = false)]
    public string? Source { get; set; }

    /// <summary>Bytes written to the store for it; of objects that were rebuilt together, all of them stand with the first.</summary>
    [DataMember(Name = "bytesWritten")]
    public long BytesWritten { get; set; }
}

/// <summary>On a host: gives chunks of an image that is there, each checked, or the index that is kept beside it.</summary>
[DataContract]
public sealed class HostImageReadRequest : HostRequest
{
    /// <summary>Makes a request for <see cref="Operations.HostImageRead"/>.</summary>
    public HostImageReadRequest() => Operation = Operations.HostImageRead;

    /// <summary><c>sha256:…</c> of the image; <c>ImageNotOnHost</c> when it is not there.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary>Numbers of the chunks in the order of the disk. Null: the index is wanted, in parts.</summary>
    [DataMember(Name = "chunks", EmitDefaultValue = false)]
    public int[]? Chunks { get; set; }
}

/// <summary>A chunk of an image, or a part of its index. What the host's copy does not hold any more is left out.</summary>
[DataContract]
public sealed class HostImageReadResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public HostImageReadResult() => Type = ResultType;

    /// <summary>The chunk's number in the order of the disk, or that of the part.</summary>
    [DataMember(Name = "number")]
    public int Number { get; set; }

    /// <summary>Its content in base64, at most 1 MiB of it.</summary>
    [DataMember(Name = "content")]
    public string Content { get; set; } = "";
}
