using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>One line of the engine's standard output. Read it first as this type, then as the type that <see cref="Type"/> names.</summary>
[DataContract]
public class EngineEvent
{
    /// <summary><see cref="Type"/> of a <see cref="ProgressEvent"/>.</summary>
    public const string ProgressType = "progress";

    /// <summary><see cref="Type"/> of a <see cref="LogEvent"/>.</summary>
    public const string LogType = "log";

    /// <summary><see cref="Type"/> of a result; which class it is follows from the operation.</summary>
    public const string ResultType = "result";

    /// <summary><see cref="Type"/> of an <see cref="ErrorEvent"/>.</summary>
    public const string ErrorType = "error";

    /// <summary><see cref="Type"/> of a <see cref="DemandEvent"/>.</summary>
    public const string DemandType = "demand";

    /// <summary><see cref="Type"/> of a <see cref="GrantEvent"/>.</summary>
    public const string GrantType = "grant";

    /// <summary><see cref="Type"/> of an <see cref="OfferEvent"/>.</summary>
    public const string OfferType = "offer";

    /// <summary><see cref="Type"/> of an <see cref="OrderEvent"/>.</summary>
    public const string OrderType = "order";

    /// <summary><see cref="Type"/> of a <see cref="PieceEvent"/>.</summary>
    public const string PieceType = "piece";

    /// <summary>What the line is.</summary>
    [DataMember(Name = "type", IsRequired = true, Order = 0)]
    public string Type { get; set; } = "";
}

/// <summary>How far the work is. At most five a second.</summary>
[DataContract]
public sealed class ProgressEvent : EngineEvent
{
    /// <summary>Makes a progress line.</summary>
    public ProgressEvent() => Type = ProgressType;

    /// <summary>What is being done, in a few words for a person.</summary>
    [DataMember(Name = "activity")]
    public string Activity { get; set; } = "";

    /// <summary>Bytes done so far; never decreases within an activity.</summary>
    [DataMember(Name = "bytesDone")]
    public long BytesDone { get; set; }

    /// <summary>Bytes in all. Null while unknown.</summary>
    [DataMember(Name = "bytesTotal", EmitDefaultValue = false)]
    public long? BytesTotal { get; set; }

    /// <summary>Of a pull: bytes that are to cross the wire in all. Null until that is known, and for other operations.</summary>
    [DataMember(Name = "bytesToFetch", EmitDefaultValue = false)]
    public long? BytesToFetch { get; set; }

    /// <summary>Of a pull: bytes that have crossed the wire. Null for other operations.</summary>
    [DataMember(Name = "bytesFetched", EmitDefaultValue = false)]
    public long? BytesFetched { get; set; }

    /// <summary>Of a pull: bytes of the disk that were here already. Null for other operations.</summary>
    [DataMember(Name = "bytesReused", EmitDefaultValue = false)]
    public long? BytesReused { get; set; }

    /// <summary>Of a pull: bytes that crossed the wire in a second, over the last few. Null until that can be said.</summary>
    [DataMember(Name = "bytesPerSecond", EmitDefaultValue = false)]
    public long? BytesPerSecond { get; set; }

    /// <summary>Of a pull: seconds until all has crossed the wire, at that rate. Null until that can be said.</summary>
    [DataMember(Name = "secondsLeft", EmitDefaultValue = false)]
    public long? SecondsLeft { get; set; }
}

/// <summary>Something a person may want to know.</summary>
[DataContract]
public sealed class LogEvent : EngineEvent
{
    /// <summary><see cref="Level"/> of what only the curious want to know.</summary>
    public const string Verbose = "verbose";

    /// <summary><see cref="Level"/> of what the user should know although the work goes on.</summary>
    public const string Warning = "warning";

    /// <summary>Makes a log line.</summary>
    public LogEvent() => Type = LogType;

    /// <summary><see cref="Verbose"/> or <see cref="Warning"/>.</summary>
    [DataMember(Name = "level")]
    public string Level { get; set; } = "";

    /// <summary>One sentence.</summary>
    [DataMember(Name = "message")]
    public string Message { get; set; } = "";
}

/// <summary>The operation, or one item of it, failed.</summary>
[DataContract]
public sealed class ErrorEvent : EngineEvent
{
    /// <summary>Makes an error line.</summary>
    public ErrorEvent() => Type = ErrorType;

    /// <summary>Stable id, one of <see cref="ErrorCatalog"/>.</summary>
    [DataMember(Name = "id")]
    public string Id { get; set; } = "";

    /// <summary>Name of a PowerShell ErrorCategory.</summary>
    [DataMember(Name = "category")]
    public string Category { get; set; } = "";

    /// <summary>What happened, in one sentence.</summary>
    [DataMember(Name = "message")]
    public string Message { get; set; } = "";

    /// <summary>What it happened to: an image, a file, an object of the store, a machine.</summary>
    [DataMember(Name = "target", EmitDefaultValue = false)]
    public string? Target { get; set; }

    /// <summary>Where in the target, in bytes, if it is a file and that can be said.</summary>
    [DataMember(Name = "offset", EmitDefaultValue = false)]
    public long? Offset { get; set; }

    /// <summary>What to do about it.</summary>
    [DataMember(Name = "recommendedAction", EmitDefaultValue = false)]
    public string? RecommendedAction { get; set; }
}

/// <summary>A pulling engine needs addresses of objects it may read.</summary>
[DataContract]
public sealed class DemandEvent : EngineEvent
{
    /// <summary>Makes a demand.</summary>
    public DemandEvent() => Type = DemandType;

    /// <summary>Keys of objects, relative to the store's prefix, at most 1,000.</summary>
    [DataMember(Name = "objects")]
    public string[] Objects { get; set; } = [];
}

/// <summary>Addresses that a demand asked for.</summary>
[DataContract]
public sealed class GrantEvent : EngineEvent
{
    /// <summary>Makes a grant.</summary>
    public GrantEvent() => Type = GrantType;

    /// <summary>One for each object of the demand.</summary>
    [DataMember(Name = "objects")]
    public GrantedObject[] Objects { get; set; } = [];
}

/// <summary>One object and the address it may be read from.</summary>
[DataContract]
public sealed class GrantedObject
{
    /// <summary>The object's key, relative to the store's prefix.</summary>
    [DataMember(Name = "key")]
    public string Key { get; set; } = "";

    /// <summary>A presigned <c>http(s)</c> address, or <c>file</c> for a directory store.</summary>
    [DataMember(Name = "url")]
    public string Url { get; set; } = "";

    /// <summary>A host that has the object too and is to be asked first. Null: there is none.</summary>
    [DataMember(Name = "holder", EmitDefaultValue = false)]
    public HolderAddress? Holder { get; set; }
}
