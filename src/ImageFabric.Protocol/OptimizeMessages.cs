using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>Deletes what no image of a store leads to, in two runs: the first marks it, one that comes a grace period later deletes it.</summary>
[DataContract]
public sealed class OptimizeRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Optimize"/>.</summary>
    public OptimizeRequest() => Operation = Operations.Optimize;

    /// <summary>How long what nothing leads to is kept, first unmarked and then marked, in seconds, 3600 to 2592000. Null: 86400.</summary>
    [DataMember(Name = "graceSeconds", EmitDefaultValue = false)]
    public long? GraceSeconds { get; set; }

    /// <summary>Packs of whose bytes less than this share is in use are written anew, in percent, 0 (none) to 100. Null: 50.</summary>
    [DataMember(Name = "repackBelowPercent", EmitDefaultValue = false)]
    public int? RepackBelowPercent { get; set; }

    /// <summary>Say what would be done, and do nothing.</summary>
    [DataMember(Name = "whatIf", EmitDefaultValue = false)]
    public bool WhatIf { get; set; }
}

/// <summary>What cleaning a store found and did.</summary>
[DataContract]
public sealed class OptimizeResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public OptimizeResult() => Type = ResultType;

    /// <summary>The store's location as the engine understood it.</summary>
    [DataMember(Name = "uri")]
    public string Uri { get; set; } = "";

    /// <summary>True when nothing was changed, and the numbers say what would have been.</summary>
    [DataMember(Name = "whatIf")]
    public bool WhatIf { get; set; }

    /// <summary>Published versions that were read.</summary>
    [DataMember(Name = "images")]
    public int Images { get; set; }

    /// <summary>Packs and indexes in the store before anything was done, how many.</summary>
    [DataMember(Name = "storedObjects")]
    public long StoredObjects { get; set; }

    /// <summary>Packs and indexes in the store before anything was done, their bytes.</summary>
    [DataMember(Name = "storedBytes")]
    public long StoredBytes { get; set; }

    /// <summary>Those of them that an image leads to, how many.</summary>
    [DataMember(Name = "reachableObjects")]
    public long ReachableObjects { get; set; }

    /// <summary>Those of them that an image leads to, their bytes.</summary>
    [DataMember(Name = "reachableBytes")]
    public long ReachableBytes { get; set; }

    /// <summary>Those that nothing leads to and that are too young to be marked, how many.</summary>
    [DataMember(Name = "youngObjects")]
    public long YoungObjects { get; set; }

    /// <summary>Those that nothing leads to and that are too young to be marked, their bytes.</summary>
    [DataMember(Name = "youngBytes")]
    public long YoungBytes { get; set; }

    /// <summary>Those that were marked by this run, how many.</summary>
    [DataMember(Name = "markedObjects")]
    public long MarkedObjects { get; set; }

    /// <summary>Those that were marked by this run, their bytes.</summary>
    [DataMember(Name = "markedBytes")]
    public long MarkedBytes { get; set; }

    /// <summary>Those that were marked before and whose grace period is not over, how many.</summary>
    [DataMember(Name = "waitingObjects")]
    public long WaitingObjects { get; set; }

    /// <summary>Those that were marked before and whose grace period is not over, their bytes.</summary>
    [DataMember(Name = "waitingBytes")]
    public long WaitingBytes { get; set; }

    /// <summary>Those that were deleted, how many.</summary>
    [DataMember(Name = "deletedObjects")]
    public long DeletedObjects { get; set; }

    /// <summary>Those that were deleted, their bytes.</summary>
    [DataMember(Name = "deletedBytes")]
    public long DeletedBytes { get; set; }

    /// <summary>Marked ones that an image leads to after all, whose marks were withdrawn, how many.</summary>
    [DataMember(Name = "sparedObjects")]
    public long SparedObjects { get; set; }

    /// <summary>Marked ones that an image leads to after all, whose marks were withdrawn, their bytes.</summary>
    [DataMember(Name = "sparedBytes")]
    public long SparedBytes { get; set; }

    /// <summary>Temporary objects and uploads that broke off, which were removed, how many.</summary>
    [DataMember(Name = "leftoverObjects")]
    public long LeftoverObjects { get; set; }

    /// <summary>Temporary objects and uploads that broke off, which were removed, their bytes.</summary>
    [DataMember(Name = "leftoverBytes")]
    public long LeftoverBytes { get; set; }

    /// <summary>Packs whose content in use was written anew.</summary>
    [DataMember(Name = "repackedPacks")]
    public long RepackedPacks { get; set; }

    /// <summary>Bytes in those packs that were in use.</summary>
    [DataMember(Name = "repackedBytes")]
    public long RepackedBytes { get; set; }

    /// <summary>Bytes of packs and indexes written for that.</summary>
    [DataMember(Name = "bytesWritten")]
    public long BytesWritten { get; set; }

    /// <summary>Published versions whose manifests name other packs now.</summary>
    [DataMember(Name = "imagesRewritten")]
    public int ImagesRewritten { get; set; }

    /// <summary>When the first of what is marked may be deleted, UTC, ISO 8601, by the store's clock. Null: nothing is marked.</summary>
    [DataMember(Name = "nextDue", EmitDefaultValue = false)]
    public string? NextDue { get; set; }

    /// <summary>False when the work took too long to act on all that was seen at its begin: another run does the rest.</summary>
    [DataMember(Name = "complete")]
    public bool Complete { get; set; }

    /// <summary>Time it took, in seconds.</summary>
    [DataMember(Name = "durationSeconds")]
    public double DurationSeconds { get; set; }
}
