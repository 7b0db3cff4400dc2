using System.Collections.Generic;
using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>A request that works on a store.</summary>
[DataContract]
public abstract class StoreRequest : EngineRequest
{
    /// <summary>The store. Null: the user's own directory store.</summary>
    [DataMember(Name = "store", EmitDefaultValue = false)]
    public StoreReference? Store { get; set; }
}

/// <summary>Publishes a disk image file as <c>name:version</c>.</summary>
[DataContract]
public sealed class PublishRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Publish"/>.</summary>
    public PublishRequest() => Operation = Operations.Publish;

    /// <summary>The disk image file: a full path, <c>https://…</c>, <c>http://…</c>, or <c>s3://bucket/key</c>.</summary>
    [DataMember(Name = "source")]
    public string Source { get; set; } = "";

    /// <summary>The S3 service, with its credentials, of a <see cref="Source"/> in a bucket; its own address is not looked at. Null: the store's.</summary>
    [DataMember(Name = "sourceService", EmitDefaultValue = false)]
    public StoreReference? SourceService { get; set; }

    /// <summary>What may be published. Null: 64 TiB, every format, every sector size.</summary>
    [DataMember(Name = "policy", EmitDefaultValue = false)]
    public ImagePolicy? Policy { get; set; }

    /// <summary>Image name: letters, digits, <c>.</c>, <c>_</c>, <c>-</c>; 1 to 128 characters; begins with a letter or digit.</summary>
    [DataMember(Name = "name")]
    public string Name { get; set; } = "";

    /// <summary>Image version: the same characters as a name; <c>latest</c> is not allowed.</summary>
    [DataMember(Name = "version")]
    public string Version { get; set; } = "";

    /// <summary>Free labels kept in the manifest.</summary>
    [DataMember(Name = "labels", EmitDefaultValue = false)]
    public Dictionary<string, string>? Labels { get; set; }

    /// <summary>zstd level, 1 to 19. Null: 2 for the first version of an image, 3 for others.</summary>
    [DataMember(Name = "compressionLevel", EmitDefaultValue = false)]
    public int? CompressionLevel { get; set; }

    /// <summary>Uploads at the same time, at most, 1 to 64; as many of them as are worth it. Null: 4.</summary>
    [DataMember(Name = "throttle", EmitDefaultValue = false)]
    public int? Throttle { get; set; }

    /// <summary>The most bytes to and from the store in a second, at least 65,536. Null: as many as go.</summary>
    [DataMember(Name = "bandwidthLimit", EmitDefaultValue = false)]
    public long? BandwidthLimit { get; set; }

    /// <summary>Bytes of memory for the work; what it leaves for chunks that are known bounds how much is deduplicated. Null: 256 MiB.</summary>
    [DataMember(Name = "memoryBudget", EmitDefaultValue = false)]
    public long? MemoryBudget { get; set; }

    /// <summary>What the manifest is signed with. Null: it is not signed. A version that is published already with this content is signed anew.</summary>
    [DataMember(Name = "signing", EmitDefaultValue = false)]
    public SigningKey? Signing { get; set; }

    /// <summary>Versions of the image from which deltas to this one are made; <c>latest</c> is the newest other one. Null: none.</summary>
    [DataMember(Name = "deltaFrom", EmitDefaultValue = false)]
    public string[]? DeltaFrom { get; set; }

    /// <summary>Read the disk and say what would be uploaded, and upload nothing.</summary>
    [DataMember(Name = "planOnly", EmitDefaultValue = false)]
    public bool PlanOnly { get; set; }
}

/// <summary>Lists published images.</summary>
[DataContract]
public sealed class ListRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.List"/>.</summary>
    public ListRequest() => Operation = Operations.List;

    /// <summary><c>NAME[:VERSION]</c> with the wildcards <c>*</c> and <c>?</c>; version <c>latest</c> means the newest. Null: everything.</summary>
    [DataMember(Name = "image", EmitDefaultValue = false)]
    public string? Image { get; set; }
}

/// <summary>Removes published versions: their manifests, not the data that other versions may share.</summary>
[DataContract]
public sealed class RemoveRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Remove"/>.</summary>
    public RemoveRequest() => Operation = Operations.Remove;

    /// <summary><c>NAME:VERSION</c>, with the wildcards <c>*</c> and <c>?</c> in both parts.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary>Of each image that fits, leave the newest so many of the versions that fit, 1 or more. Null: none.</summary>
    [DataMember(Name = "keepLast", EmitDefaultValue = false)]
    public int? KeepLast { get; set; }
}

/// <summary>Reads everything a published image needs and checks it.</summary>
[DataContract]
public sealed class VerifyRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Verify"/>.</summary>
    public VerifyRequest() => Operation = Operations.Verify;

    /// <summary><c>NAME[:VERSION]</c> with the wildcards <c>*</c> and <c>?</c>; without wildcards it must be there. Null: every image of the store, and packs that none names.</summary>
    [DataMember(Name = "image", EmitDefaultValue = false)]
    public string? Image { get; set; }
}

/// <summary>Asks a store what it honours; opens it, and makes it when it does not exist.</summary>
[DataContract]
public sealed class ProbeRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Probe"/>.</summary>
    public ProbeRequest() => Operation = Operations.Probe;
}

/// <summary>Presigns objects of one image for hosts, for as long as standard input stays open.</summary>
[DataContract]
public sealed class GrantRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Grant"/>.</summary>
    public GrantRequest() => Operation = Operations.Grant;

    /// <summary><c>NAME[:VERSION]</c>; without a version, or with <c>latest</c>, the newest.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary>How long a grant is good for, in seconds, 60 to 604800. Null: 3600.</summary>
    [DataMember(Name = "lifetimeSeconds", EmitDefaultValue = false)]
    public int? LifetimeSeconds { get; set; }

    /// <summary>
    /// The engine that hosts get, a full path on this machine. When a host demands it (<c>engines/linux-x64/DIGEST</c>) it is put into the store,
    /// unless it is there already. Null: none can be had from the store.
    /// </summary>
    [DataMember(Name = "hostEngine", EmitDefaultValue = false)]
    public string? HostEngine { get; set; }

    /// <summary>The engine that Windows hosts get, likewise (<c>engines/win-x64/DIGEST</c>).</summary>
    [DataMember(Name = "windowsHostEngine", EmitDefaultValue = false)]
    public string? WindowsHostEngine { get; set; }
}

/// <summary>Preflight of a disk image file, without a store.</summary>
[DataContract]
public sealed class TestRequest : EngineRequest
{
    /// <summary>Makes a request for <see cref="Operations.Test"/>.</summary>
    public TestRequest() => Operation = Operations.Test;

    /// <summary>The disk image file: a full path, <c>https://…</c>, <c>http://…</c>, or <c>s3://bucket/key</c>.</summary>
    [DataMember(Name = "source")]
    public string Source { get; set; } = "";

    /// <summary>The S3 service, with its credentials, of a <see cref="Source"/> in a bucket; its own address is not looked at. Null: the AWS chain's.</summary>
    [DataMember(Name = "sourceService", EmitDefaultValue = false)]
    public StoreReference? SourceService { get; set; }

    /// <summary>What may be published. Null: 64 TiB, every format, every sector size.</summary>
    [DataMember(Name = "policy", EmitDefaultValue = false)]
    public ImagePolicy? Policy { get; set; }
}

/// <summary>Takes a published image into a file of this machine.</summary>
[DataContract]
public sealed class SaveRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Save"/>.</summary>
    public SaveRequest() => Operation = Operations.Save;

    /// <summary><c>NAME[:VERSION]</c>; without a version, or with <c>latest</c>, the newest.</summary>
    [DataMember(Name = "image")]
    public string Image { get; set; } = "";

    /// <summary>Full path of the file to make. While it is not whole it is called <c>FILE.partial</c>; the same request goes on with it.</summary>
    [DataMember(Name = "output")]
    public string Output { get; set; } = "";

    /// <summary>Format of the file. Null: by the extension of <see cref="Output"/>, otherwise raw.</summary>
    [DataMember(Name = "format", EmitDefaultValue = false)]
    public string? Format { get; set; }

    /// <summary>Full paths of disk image files whose unchanged parts are taken instead of fetched. Null: none.</summary>
    [DataMember(Name = "seeds", EmitDefaultValue = false)]
    public string[]? Seeds { get; set; }

    /// <summary>Replace the file if it exists; otherwise <c>OutputExists</c>.</summary>
    [DataMember(Name = "replace", EmitDefaultValue = false)]
    public bool Replace { get; set; }

    /// <summary>The most bytes from the store in a second, at least 65,536. Null: as many as go.</summary>
    [DataMember(Name = "bandwidthLimit", EmitDefaultValue = false)]
    public long? BandwidthLimit { get; set; }
}

/// <summary>What disk image files may be published.</summary>
[DataContract]
public sealed class ImagePolicy
{
    /// <summary>Largest file, in bytes, at least 1. Null: 64 TiB.</summary>
    [DataMember(Name = "maximumFileSize", EmitDefaultValue = false)]
    public long? MaximumFileSize { get; set; }

    /// <summary>Largest disk, as the guest sees it, in bytes, at least 1. Null: 64 TiB.</summary>
    [DataMember(Name = "maximumVirtualSize", EmitDefaultValue = false)]
    public long? MaximumVirtualSize { get; set; }

    /// <summary>Formats that are allowed. Null: all that can be read.</summary>
    [DataMember(Name = "allowedFormats", EmitDefaultValue = false)]
    public string[]? AllowedFormats { get; set; }

    /// <summary><c>raw</c>: the file is a raw disk whatever it looks like. Null: told by its content.</summary>
    [DataMember(Name = "sourceFormat", EmitDefaultValue = false)]
    public string? SourceFormat { get; set; }

    /// <summary>True when digests and signatures that stand beside a disk, in an OVF package, are not looked at.</summary>
    [DataMember(Name = "ignoreDigests", EmitDefaultValue = false)]
    public bool IgnoreDigests { get; set; }

    /// <summary>Smallest logical sector in bytes, 512 or 4096. Null: 512.</summary>
    [DataMember(Name = "minimumSectorSize", EmitDefaultValue = false)]
    public int? MinimumSectorSize { get; set; }

    /// <summary>Largest logical sector in bytes, 512 or 4096. Null: 4096.</summary>
    [DataMember(Name = "maximumSectorSize", EmitDefaultValue = false)]
    public int? MaximumSectorSize { get; set; }
}
