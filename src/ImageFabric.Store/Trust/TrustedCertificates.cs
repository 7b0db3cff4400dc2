using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImageFabric.Store.Trust;

/// <summary>The certificates of a policy, read.</summary>
internal sealed class TrustedCertificates : IDisposable
{
    private readonly HashSet<string> thumbprints;
    private readonly X509Certificate2Collection authorities;

    private TrustedCertificates(HashSet<string> thumbprints, X509Certificate2Collection authorities) => (this.thumbprints, this.authorities) = (thumbprints, authorities);

    /// <exception cref="StoreException"><c>TrustPolicyInvalid</c>.</exception>
    public static TrustedCertificates Read(TrustPolicy policy, string source)
    {
        var thumbprints = new HashSet<string>(policy.Thumbprints.Select(Plain), StringComparer.OrdinalIgnoreCase);
        if (thumbprints.FirstOrDefault(static t => t.Length is not (40 or 64) || !t.All(char.IsAsciiHexDigit)) is { } wrong)
            throw new StoreException("TrustPolicyInvalid", source, $"The trust policy of {source} names '{wrong}', which is no thumbprint of a certificate.");
        var authorities = new X509Certificate2Collection();
        foreach (byte[] authority in policy.Authorities)
        {
            try
            {
                authorities.Add(X509CertificateLoader.LoadCertificate(authority));
            }
            catch (CryptographicException malformed)
            {
                throw new StoreException("TrustPolicyInvalid", source, $"The trust policy of {source} holds an authority that is no certificate: {malformed.Message}", malformed);
            }
        }

        return new TrustedCertificates(thumbprints, authorities);
    }

    public bool Contain(ImageSignature signature) =>
        thumbprints.Contains(signature.Signer.GetCertHashString(HashAlgorithmName.SHA256)) || thumbprints.Contains(signature.Signer.GetCertHashString(HashAlgorithmName.SHA1)) ||
        (authorities.Count > 0 && MaySign(signature.Signer) && IsIssued(signature));

    public void Dispose()
    {
        foreach (X509Certificate2 authority in authorities)
            authority.Dispose();
    }

    private static string Plain(string thumbprint) => string.Concat(thumbprint.Where(static c => c is not (':' or ' ')));

    // An authority issues certificates for web servers and mail too; those are no signers of images.
    private static bool MaySign(X509Certificate2 certificate)
    {
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension is X509KeyUsageExtension usage && (usage.KeyUsages & (X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation)) == 0)
                return false;
        }

        return true;
    }

    // Purposes of an authority hold for all that is below it (RFC 5280, 4.2.1.12, as it is practised): one for web servers issues no signers.
    private static bool IsForSigning(X509Certificate2 certificate) => certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()
        .All(static purposes => purposes.EnhancedKeyUsages.Cast<Oid>().Any(static p => p.Value is SignatureAlgorithms.CodeSigning or SignatureAlgorithms.AnyPurpose));

    // The chain need not end at a root: the authority that is named may be one below it. All of it must be good today; revocation is not asked for.
    private bool IsIssued(ImageSignature signature)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(signature.Certificates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        if (!chain.Build(signature.Signer))
            return false;

        // From the signer up to the authority: each may issue or sign for this, has a key that is believed, and is signed so; the authority is believed by itself.
        foreach (X509ChainElement element in chain.ChainElements)
        {
            if (!IsForSigning(element.Certificate) || !SignatureAlgorithms.IsStrong(element.Certificate))
                return false;
            if (authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)))
                return true;
            if (!SignatureAlgorithms.IsSignedStrongly(element.Certificate))
                return false;
        }

        return false;
    }
}
