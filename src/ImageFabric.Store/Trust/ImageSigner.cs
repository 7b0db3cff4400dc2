using ImageFabric.Store.Format;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace ImageFabric.Store.Trust;

/// <summary>Signs images with a certificate and its private key: CMS (RFC 5652), detached, SHA-256. Store format, "Signature".</summary>
public sealed class ImageSigner : IDisposable
{
    private readonly X509Certificate2 certificate;
    private readonly X509Certificate2Collection issuers;

    /// <summary>Makes a signer of a certificate, which is disposed of with it.</summary>
    /// <param name="certificate">The certificate, with its private key.</param>
    /// <param name="issuers">Certificates of its chain, which go into the signature so that a verifier can build the chain.</param>
    /// <exception cref="StoreException"><c>SigningCertificateUnusable</c>.</exception>
    public ImageSigner(X509Certificate2 certificate, X509Certificate2Collection issuers)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!certificate.HasPrivateKey)
            throw new StoreException("SigningCertificateUnusable", certificate.Subject, $"The certificate {certificate.Subject} has no private key here.");
        if (!SignatureAlgorithms.IsStrong(certificate))
            throw new StoreException("SigningCertificateUnusable", certificate.Subject, $"Nobody takes what {certificate.Subject} signs: {SignatureAlgorithms.StrongKeys} are accepted.");
        RequireRoom(certificate, certificate.RawDataMemory.Length + issuers.Sum(static issuer => (long)issuer.RawDataMemory.Length));
        this.certificate = certificate;
        this.issuers = issuers;
    }

    /// <summary>The signer's SHA-256 thumbprint, 64 hexadecimal digits.</summary>
    public string Thumbprint => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    /// <summary>Signs a statement.</summary>
    /// <returns>The CMS object in base64, as a manifest holds it.</returns>
    /// <exception cref="StoreException"><c>SigningCertificateUnusable</c>: the key refuses to sign.</exception>
    public string Sign(ImageStatement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        var message = new SignedCms(new ContentInfo(statement.CanonicalBytes()), detached: true);

        // The chain is given, not built: building one may ask the network.
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, certificate)
        {
            DigestAlgorithm = new Oid(SignatureAlgorithms.Sha256),
            IncludeOption = X509IncludeOption.EndCertOnly,
        };
        signer.Certificates.AddRange(issuers);
        signer.SignedAttributes.Add(new Pkcs9SigningTime(DateTime.UtcNow));
        try
        {
            message.ComputeSignature(signer, silent: true);
        }
        catch (CryptographicException refused)
        {
            throw new StoreException("SigningCertificateUnusable", certificate.Subject, $"The key of {certificate.Subject} does not sign: {refused.Message}", refused);
        }

        byte[] signature = message.Encode();
        RequireRoom(certificate, signature.Length);
        return Convert.ToBase64String(signature);
    }

    // What no reader takes is not written.
    private static void RequireRoom(X509Certificate2 certificate, long bytes)
    {
        if ((bytes + 2) / 3 * 4 > FormatLimits.LongestSignature)
        {
            throw new StoreException(
                "SigningCertificateUnusable", certificate.Subject,
                $"A signature by {certificate.Subject} would be longer than {FormatLimits.LongestSignature} characters with the certificates that are given: give those of its chain alone.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        certificate.Dispose();
        foreach (X509Certificate2 issuer in issuers)
            issuer.Dispose();
    }
}
