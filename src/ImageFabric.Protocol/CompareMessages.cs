using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>Compares two published images by their indexes; no pack is read.</summary>
[DataContract]
public sealed class CompareRequest : StoreRequest
{
    /// <summary>Makes a request for <see cref="Operations.Compare"/>.</summary>
    public CompareRequest() => Operation = Operations.Compare;

    /// <summary>The image that the other one is compared with: <c>NAME[:VERSION]</c>; without a version, or with <c>latest</c>, the newest.</summary>
    [DataMember(Name = "reference")]
    public string Reference { get; set; } = "";

    /// <summary>The image that is compared, in the same form.</summary>
    [DataMember(Name = "difference")]
    public string Difference { get; set; } = "";

    /// <summary>The store of <see cref="Difference"/>. Null: the same.</summary>
    [DataMember(Name = "differenceStore", EmitDefaultValue = false)]
    public StoreReference? DifferenceStore { get; set; }
}

/// <summary>What two images share.</summary>
[DataContract]
public sealed class CompareResult : EngineEvent
{
    /// <summary>Makes a result line.</summary>
    public CompareResult() => Type = ResultType;

    /// <summary><c>NAME:VERSION</c> of the image that was compared with.</summary>
    [DataMember(Name = "reference")]
    public string Reference { get; set; } = "";

    /// <summary><c>NAME:VERSION</c> of the image that was compared.</summary>
    [DataMember(Name = "difference")]
    public string Difference { get; set; } = "";

    /// <summary><c>sha256:…</c> of the content of <see cref="Reference"/>.</summary>
    [DataMember(Name = "referenceId")]
    public string ReferenceId { get; set; } = "";

    /// <summary><c>sha256:…</c> of the content of <see cref="Difference"/>.</summary>
    [DataMember(Name = "differenceId")]
    public string DifferenceId { get; set; } = "";

    /// <summary>Bytes of the disk of <see cref="Difference"/>, in chunks that <see cref="Reference"/> has as well.</summary>
    [DataMember(Name = "sharedBytes")]
    public long SharedBytes { get; set; }

    /// <summary>Bytes of the disk of <see cref="Difference"/>, in chunks that <see cref="Reference"/> does not have.</summary>
    [DataMember(Name = "newBytes")]
    public long NewBytes { get; set; }

    /// <summary>Bytes of the disk of <see cref="Reference"/>, in chunks that <see cref="Difference"/> does not have.</summary>
    [DataMember(Name = "removedBytes")]
    public long RemovedBytes { get; set; }

    /// <summary>Bytes that a host with <see cref="Reference"/> fetches for <see cref="Difference"/>: the index, and the frames that hold new chunks.</summary>
    [DataMember(Name = "bytesToFetch")]
    public long BytesToFetch { get; set; }
}
