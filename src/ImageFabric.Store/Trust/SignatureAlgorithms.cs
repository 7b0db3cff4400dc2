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
}
