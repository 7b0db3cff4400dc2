using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImageFabric.Store.Trust;

/// <summary>Object identifiers that signatures are held to.</summary>
internal static class SignatureAlgorithms
{
    public const string Sha256 = "2.16.840.1.101.3.4.2.1";
    public const string Sha384 = "2.16.840.1.101.3.4.2.2";
    public const string Sha512 = "2.16.840.1.101.3.4.2.3";

    /// <summary>Extended key usages (RFC 5280, 4.2.1.12) of certificates that a trusted authority issued for this.</summary>
    public const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    public const string AnyPurpose = "2.5.29.37.0";

    /// <summary>The keys that are accepted, for people.</summary>
    public const string StrongKeys = "RSA keys of at least 2048 bits and ECDSA keys of at least 256";

    private const string RsaPss = "1.2.840.113549.1.1.10";

    // RSA (RFC 4055) and ECDSA (RFC 5758) with SHA-256, SHA-384 and SHA-512.
    private static readonly HashSet<string> StrongSignatures =
    [
        "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4",
    ];

    /// <summary>True for a certificate whose key is long enough to be believed.</summary>
    public static bool IsStrong(X509Certificate2 certificate)
    {
        using RSA? rsa = certificate.GetRSAPublicKey();
        if (rsa is not null)
            return rsa.KeySize >= 2048;
        using ECDsa? ecdsa = certificate.GetECDsaPublicKey();
        return ecdsa?.KeySize >= 256;
    }

    /// <summary>True for a certificate that its issuer signed over a digest in which nobody finds collisions.</summary>
    public static bool IsSignedStrongly(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value switch
    {
        RsaPss => PssDigest(certificate.RawDataMemory) is Sha256 or Sha384 or Sha512,
        { } algorithm => StrongSignatures.Contains(algorithm),
        null => false,
    };

    // RFC 4055, 3.1: the digest stands in the parameters; without one it is SHA-1.
    private static string? PssDigest(ReadOnlyMemory<byte> certificate)
    {
        AsnReader outer = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
        outer.ReadEncodedValue();
        AsnReader algorithm = outer.ReadSequence();
        algorithm.ReadObjectIdentifier();
        var digest = new Asn1Tag(TagClass.ContextSpecific, 0);
        if (!algorithm.HasData)
            return null;
        AsnReader parameters = algorithm.ReadSequence();
        return parameters.HasData && parameters.PeekTag().HasSameClassAndValue(digest) ? parameters.ReadSequence(digest).ReadSequence().ReadObjectIdentifier() : null;
    }
}
