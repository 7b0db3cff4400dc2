using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>Has a pull take part in a fan-out: hosts give each other what they have. After its result the engine serves the others until standard input ends.</summary>
[DataContract]
public sealed class FanOutTerms
{
    /// <summary>What the hosts of this sync know each other by: 64 hexadecimal digits, made by chance for each sync.</summary>
    [DataMember(Name = "token")]
    public string Token { get; set; } = "";

    /// <summary>Networks in CIDR notation: others reach the host at an address of its own in one of them. Null: where the SSH connection arrived.</summary>
    [DataMember(Name = "networks", EmitDefaultValue = false)]
    public string[]? Networks { get; set; }

    /// <summary>An address, <c>http(s)://host[:port]</c>: where neither of these is to be had, others reach the host where it would set out for there. Null: nowhere then.</summary>
    [DataMember(Name = "route", EmitDefaultValue = false)]
    public string? Route { get; set; }
}

/// <summary>What a host of a fan-out has, and where it gives it to others. Sent when it has the index, and again when it is known which pieces are in place.</summary>
[DataContract]
public sealed class OfferEvent : EngineEvent
{
    /// <summary>Makes an offer.</summary>
    public OfferEvent() => Type = OfferType;

    /// <summary>Pieces that the image is cut into for a fan-out; all hosts cut it alike.</summary>
    [DataMember(Name = "pieces")]
    public int Pieces { get; set; }

    /// <summary>The pieces that are in place, base64: bit <c>n % 8</c> of byte <c>n / 8</c> is piece n. Null: that is not known yet.</summary>
    [DataMember(Name = "held", EmitDefaultValue = false)]
    public string? Held { get; set; }

    /// <summary>IP address where it gives them. Null: it cannot give any.</summary>
    [DataMember(Name = "address", EmitDefaultValue = false)]
    public string? Address { get; set; }

    /// <summary>TCP port there.</summary>
    [DataMember(Name = "port", EmitDefaultValue = false)]
    public int Port { get; set; }

    /// <summary>SHA-256 of the certificate that it has made for this sync, in hexadecimal digits.</summary>
    [DataMember(Name = "certificate", EmitDefaultValue = false)]
    public string? Certificate { get; set; }
}

/// <summary>A piece that a host of a fan-out was to take is in place, or could not be had.</summary>
[DataContract]
public sealed class PieceEvent : EngineEvent
{
    /// <summary>Makes a line about a piece.</summary>
    public PieceEvent() => Type = PieceType;

    /// <summary>Number of the piece, 0 and up.</summary>
    [DataMember(Name = "piece")]
    public int Piece { get; set; }

    /// <summary>Number of the host that it was ordered from, 1 and up; 0 for the store.</summary>
    [DataMember(Name = "source", EmitDefaultValue = false)]
    public int Source { get; set; }

    /// <summary>Why it could not be had, in one sentence. Null: it is in place.</summary>
    [DataMember(Name = "failure", EmitDefaultValue = false)]
    public string? Failure { get; set; }
}

/// <summary>Tells a host of a fan-out what to take from where.</summary>
[DataContract]
public sealed class OrderEvent : EngineEvent
{
    /// <summary>Makes orders.</summary>
    public OrderEvent() => Type = OrderType;

    /// <summary>One for each piece.</summary>
    [DataMember(Name = "pieces")]
    public OrderedPiece[] Pieces { get; set; } = [];

    /// <summary>Hosts that are named here for the first time. Null: none.</summary>
    [DataMember(Name = "holders", EmitDefaultValue = false)]
    public HolderAddress[]? Holders { get; set; }
}

/// <summary>One piece and where to take it from.</summary>
[DataContract]
public sealed class OrderedPiece
{
    /// <summary>Number of the piece, 0 and up.</summary>
    [DataMember(Name = "piece")]
    public int Piece { get; set; }

    /// <summary>Number of the host that has it, 1 and up; 0 for the store.</summary>
    [DataMember(Name = "source", EmitDefaultValue = false)]
    public int Source { get; set; }
}

/// <summary>A host that gives what it has of an image.</summary>
[DataContract]
public sealed class HolderAddress
{
    /// <summary>Its number in this sync, 1 and up.</summary>
    [DataMember(Name = "id")]
    public int Id { get; set; }

    /// <summary>Its IP address.</summary>
    [DataMember(Name = "address")]
    public string Address { get; set; } = "";

    /// <summary>Its TCP port.</summary>
    [DataMember(Name = "port")]
    public int Port { get; set; }

    /// <summary>SHA-256 of its certificate, in hexadecimal digits; no other is accepted.</summary>
    [DataMember(Name = "certificate")]
    public string Certificate { get; set; } = "";
}
