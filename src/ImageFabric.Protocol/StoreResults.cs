using System.Collections.Generic;
using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>What a publish did.</summary>
[DataContract]
public sealed class PublishResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public PublishResult() => Type = ResultType;

    /// <summary>Name of the image.</summary>
    [DataMember(Name = "name")]
    public string Name { get; set; } = "";

    /// <summary>Version of the image.</summary>
    [DataMember(Name = "version")]
    public string Version { get; set; } = "";

    /// <summary><c>sha256:…</c> of the content.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary>False when this very version with this very content was published before.</summary>
    [DataMember(Name = "created")]
    public bool Created { get; set; }

    /// <summary>Format of the source file.</summary>
    [DataMember(Name = "sourceFormat")]
    public string SourceFormat { get; set; } = "";

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    [DataMember(Name = "virtualSize")]
    public long VirtualSize { get; set; }

    /// <summary>Bytes of the logical disk that were read: everything but holes.</summary>
    [DataMember(Name = "bytesRead")]
    public long BytesRead { get; set; }

    /// <summary>Bytes sent to the store: packs, index, manifest and deltas.</summary>
    [DataMember(Name = "bytesUploaded")]
    public long BytesUploaded { get; set; }

    /// <summary>Those of them that are deltas.</summary>
    [DataMember(Name = "deltaBytes", EmitDefaultValue = false)]
    public long DeltaBytes { get; set; }

    /// <summary>Bytes of the logical disk that the store already had.</summary>
    [DataMember(Name = "bytesReused")]
    public long BytesReused { get; set; }

    /// <summary>Packs sent to the store.</summary>
    [DataMember(Name = "packsUploaded")]
    public int PacksUploaded { get; set; }

    /// <summary>Time it took, in seconds.</summary>
    [DataMember(Name = "durationSeconds")]
    public double DurationSeconds { get; set; }

    /// <summary>SHA-256 thumbprint of the certificate it was signed with. Null: it was not signed.</summary>
    [DataMember(Name = "signerThumbprint", EmitDefaultValue = false)]
    public string? SignerThumbprint { get; set; }

    /// <summary>True when nothing was uploaded: the other members say what would be.</summary>
    [DataMember(Name = "planOnly", EmitDefaultValue = false)]
    public bool PlanOnly { get; set; }
}

/// <summary>A published image.</summary>
[DataContract]
public sealed class ImageResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public ImageResult() => Type = ResultType;

    /// <summary>Name of the image.</summary>
    [DataMember(Name = "name")]
    public string Name { get; set; } = "";

    /// <summary>Version of the image.</summary>
    [DataMember(Name = "version")]
    public string Version { get; set; } = "";

    /// <summary><c>sha256:…</c> of the content.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    [DataMember(Name = "virtualSize")]
    public long VirtualSize { get; set; }

    /// <summary>Bytes of the disk that are not holes.</summary>
    [DataMember(Name = "dataSize")]
    public long DataSize { get; set; }

    /// <summary>Bytes of compressed frames that a host without any seed fetches.</summary>
    [DataMember(Name = "storedSize")]
    public long StoredSize { get; set; }

    /// <summary>When it was published, UTC, ISO 8601.</summary>
    [DataMember(Name = "published")]
    public string Published { get; set; } = "";

    /// <summary>Format of the file it was published from.</summary>
    [DataMember(Name = "sourceFormat")]
    public string SourceFormat { get; set; } = "";

    /// <summary>Bytes of a logical sector of the disk. Null: 512.</summary>
    [DataMember(Name = "sectorSize", EmitDefaultValue = false)]
    public int? SectorSize { get; set; }

    /// <summary><c>GPT</c> or <c>MBR</c>. Null: there is none, or it is not known.</summary>
    [DataMember(Name = "partitionTable", EmitDefaultValue = false)]
    public string? PartitionTable { get; set; }

    /// <summary>How a machine boots from the disk: <c>BIOS</c>, <c>UEFI</c> or <c>BIOS+UEFI</c>. Null: not known.</summary>
    [DataMember(Name = "bootMode", EmitDefaultValue = false)]
    public string? BootMode { get; set; }

    /// <summary>Key of the index object, relative to the store's prefix.</summary>
    [DataMember(Name = "index")]
    public string Index { get; set; } = "";

    /// <summary>Size of the index object in bytes.</summary>
    [DataMember(Name = "indexSize")]
    public long IndexSize { get; set; }

    /// <summary>Deltas in the store that lead to the image. Null: there are none, or nobody looked.</summary>
    [DataMember(Name = "deltas", EmitDefaultValue = false)]
    public ImageDelta[]? Deltas { get; set; }

    /// <summary>Labels given at publishing.</summary>
    [DataMember(Name = "labels", EmitDefaultValue = false)]
    public Dictionary<string, string>? Labels { get; set; }

    /// <summary>The manifest's signature, a CMS object in base64. Null: it is not signed.</summary>
    [DataMember(Name = "signature", EmitDefaultValue = false)]
    public string? Signature { get; set; }

    /// <summary>Whose certificate is in the signature, which is not checked here. Null: it is not signed, or was not looked at.</summary>
    [DataMember(Name = "signerSubject", EmitDefaultValue = false)]
    public string? SignerSubject { get; set; }

    /// <summary>SHA-256 thumbprint of that certificate.</summary>
    [DataMember(Name = "signerThumbprint", EmitDefaultValue = false)]
    public string? SignerThumbprint { get; set; }
}

/// <summary>A delta: whoever has the image that it starts from fetches less.</summary>
[DataContract]
public sealed class ImageDelta
{
    /// <summary><c>sha256:…</c> of the image that it starts from.</summary>
    [DataMember(Name = "from")]
    public string From { get; set; } = "";

    /// <summary>Its bytes.</summary>
    [DataMember(Name = "length")]
    public long Length { get; set; }
}

/// <summary>What reading a published image back found. Each damaged object is an <see cref="ErrorEvent"/> besides, once.</summary>
[DataContract]
public sealed class VerifyResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public VerifyResult() => Type = ResultType;

    /// <summary>Name of the image. Empty for the packs that no image names, which publishers may build on.</summary>
    [DataMember(Name = "name")]
    public string Name { get; set; } = "";

    /// <summary>Version of the image.</summary>
    [DataMember(Name = "version")]
    public string Version { get; set; } = "";

    /// <summary><c>sha256:…</c> of the content.</summary>
    [DataMember(Name = "imageId")]
    public string ImageId { get; set; } = "";

    /// <summary>Chunks whose digest was checked.</summary>
    [DataMember(Name = "chunksVerified")]
    public long ChunksVerified { get; set; }

    /// <summary>Packs that are what their name promises.</summary>
    [DataMember(Name = "packsVerified")]
    public int PacksVerified { get; set; }

    /// <summary>What is damaged or lost. Null: nothing.</summary>
    [DataMember(Name = "damaged", EmitDefaultValue = false)]
    public DamagedObject[]? Damaged { get; set; }

    /// <summary>Bytes read from the store; packs that were read for another image are not read again.</summary>
    [DataMember(Name = "bytesFetched")]
    public long BytesFetched { get; set; }

    /// <summary>Time it took, in seconds.</summary>
    [DataMember(Name = "durationSeconds")]
    public double DurationSeconds { get; set; }
}

/// <summary>An object of a store that is not what it should be.</summary>
[DataContract]
public sealed class DamagedObject
{
    /// <summary>Its key.</summary>
    [DataMember(Name = "key")]
    public string Key { get; set; } = "";

    /// <summary>What is wrong: an id of the error table.</summary>
    [DataMember(Name = "damage")]
    public string Damage { get; set; } = "";

    /// <summary>The same in one sentence.</summary>
    [DataMember(Name = "message")]
    public string Message { get; set; } = "";
}

/// <summary>What the preflight of a disk image file found. Errors are <see cref="ErrorEvent"/>s instead.</summary>
[DataContract]
public sealed class TestResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public TestResult() => Type = ResultType;

    /// <summary>The file.</summary>
    [DataMember(Name = "path")]
    public string Path { get; set; } = "";

    /// <summary>Format of the file, by its content.</summary>
    [DataMember(Name = "format")]
    public string Format { get; set; } = "";

    /// <summary>Kind of the format, such as <c>v3</c>, <c>dynamic</c> or <c>streamOptimized</c>. Null where there is one kind only.</summary>
    [DataMember(Name = "subformat", EmitDefaultValue = false)]
    public string? Subformat { get; set; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    [DataMember(Name = "virtualSize")]
    public long VirtualSize { get; set; }

    /// <summary>Bytes of a logical sector of the disk.</summary>
    [DataMember(Name = "sectorSize")]
    public int SectorSize { get; set; }

    /// <summary><c>GPT</c> or <c>MBR</c>. Null: the disk has no partition table.</summary>
    [DataMember(Name = "partitionTable", EmitDefaultValue = false)]
    public string? PartitionTable { get; set; }

    /// <summary>How a machine boots from the disk, as its partition table tells: <c>BIOS</c>, <c>UEFI</c> or <c>BIOS+UEFI</c>. Null: it does not tell.</summary>
    [DataMember(Name = "bootMode", EmitDefaultValue = false)]
    public string? BootMode { get; set; }

    /// <summary>What a person should know although the file can be published. Null: nothing.</summary>
    [DataMember(Name = "issues", EmitDefaultValue = false)]
    public TestIssue[]? Issues { get; set; }

    /// <summary>Size of the file in bytes.</summary>
    [DataMember(Name = "fileSize")]
    public long FileSize { get; set; }

    /// <summary>Bytes of the disk that the file holds data for.</summary>
    [DataMember(Name = "allocatedSize")]
    public long AllocatedSize { get; set; }
}

/// <summary>Something that the preflight noticed.</summary>
[DataContract]
public sealed class TestIssue
{
    /// <summary>Stable id, such as <c>SnapshotsIgnored</c>.</summary>
    [DataMember(Name = "id")]
    public string Id { get; set; } = "";

    /// <summary>What it is, in one sentence.</summary>
    [DataMember(Name = "message")]
    public string Message { get; set; } = "";
}

/// <summary>What a store is and honours.</summary>
[DataContract]
public sealed class ProbeResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public ProbeResult() => Type = ResultType;

    /// <summary>The store's location as the engine understood it.</summary>
    [DataMember(Name = "uri")]
    public string Uri { get; set; } = "";

    /// <summary>Id made when the store was.</summary>
    [DataMember(Name = "repositoryId")]
    public string RepositoryId { get; set; } = "";

    /// <summary>Version of the store format.</summary>
    [DataMember(Name = "formatVersion")]
    public int FormatVersion { get; set; }

    /// <summary>True when the service itself lets exactly one of two publishers of one version win.</summary>
    [DataMember(Name = "conditionalWrites")]
    public bool ConditionalWrites { get; set; }

    /// <summary>What was looked at. Null: nothing beyond the above.</summary>
    [DataMember(Name = "checks", EmitDefaultValue = false)]
    public StoreCheckResult[]? Checks { get; set; }
}

/// <summary>What one look at a store found.</summary>
[DataContract]
public sealed class StoreCheckResult
{
    /// <summary><see cref="Status"/> of a store that honours what was asked.</summary>
    public const string Passed = "Passed";

    /// <summary><see cref="Status"/> of a store that does not, where something is done in its place.</summary>
    public const string Weak = "Weak";

    /// <summary><see cref="Status"/> of a store that does not, where that cannot be made good.</summary>
    public const string Failed = "Failed";

    /// <summary>What was looked at: <c>ConditionalCreate</c>, <c>ConditionalReplace</c>, <c>ReadAfterReplace</c>, <c>ListAfterWrite</c>, <c>ListByPages</c>, <c>ClockSkew</c>, <c>Ranges</c>, <c>PresignedUrls</c> or <c>UploadChecksums</c>.</summary>
    [DataMember(Name = "check")]
    public string Check { get; set; } = "";

    /// <summary><see cref="Passed"/>, <see cref="Weak"/> or <see cref="Failed"/>.</summary>
    [DataMember(Name = "status")]
    public string Status { get; set; } = "";

    /// <summary>What the store does, in one sentence.</summary>
    [DataMember(Name = "message")]
    public string Message { get; set; } = "";

    /// <summary>What is done where it does not do what was asked, and what is not guaranteed then. Null when it passed.</summary>
    [DataMember(Name = "consequence", EmitDefaultValue = false)]
    public string? Consequence { get; set; }
}
