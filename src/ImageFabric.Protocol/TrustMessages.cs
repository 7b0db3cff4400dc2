using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>Which images may be taken, by who signed them.</summary>
[DataContract]
public sealed class TrustSettings
{
    /// <summary><see cref="Mode"/> that asks for nothing.</summary>
    public const string None = "None";

    /// <summary><see cref="Mode"/> that takes an image that is not signed, or by somebody who is not trusted, with a warning.</summary>
    public const string WarnUnsigned = "WarnUnsigned";

    /// <summary><see cref="Mode"/> that takes only an image with a good signature of somebody who is trusted.</summary>
    public const string RequireSigned = "RequireSigned";

    /// <summary><see cref="None"/>, <see cref="WarnUnsigned"/> or <see cref="RequireSigned"/>. A signature that is not good is refused by both of the latter.</summary>
    [DataMember(Name = "mode")]
    public string Mode { get; set; } = "";

    /// <summary>Trusted certificates by their thumbprint, SHA-256 (64 hexadecimal digits) or SHA-1 (40). Null: none.</summary>
    [DataMember(Name = "thumbprints", EmitDefaultValue = false)]
    public string[]? Thumbprints { get; set; }

    /// <summary>Authorities whose certificates for code signing are trusted: certificates, DER in base64. Null: none.</summary>
    [DataMember(Name = "authorities", EmitDefaultValue = false)]
    public string[]? Authorities { get; set; }
}

/// <summary>A certificate with its private key. Only ever on the standard input of an engine on this machine. One of <see cref="Pfx"/>, <see cref="File"/> and <see cref="Thumbprint"/> is given.</summary>
[DataContract]
public sealed class SigningKey
{
    /// <summary>A PKCS #12 file's content in base64.</summary>
    [DataMember(Name = "pfx", EmitDefaultValue = false)]
    public string? Pfx { get; set; }

    /// <summary>Full path of a PKCS #12 file, or of a PEM file with certificate and key.</summary>
    [DataMember(Name = "file", EmitDefaultValue = false)]
    public string? File { get; set; }

    /// <summary>Thumbprint, SHA-1 or SHA-256, of a certificate in the personal store of the user or, on Windows, of the machine.</summary>
    [DataMember(Name = "thumbprint", EmitDefaultValue = false)]
    public string? Thumbprint { get; set; }

    /// <summary>What <see cref="Pfx"/> or <see cref="File"/> is encrypted with. Null: nothing.</summary>
    [DataMember(Name = "password", EmitDefaultValue = false)]
    public string? Password { get; set; }
}
