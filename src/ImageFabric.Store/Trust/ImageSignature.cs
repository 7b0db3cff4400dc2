using ImageFabric.Store.Format;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace ImageFabric.Store.Trust;

/// <summary>A signature whose mathematics is good, and who made it. Whether that one is trusted is another question: <see cref="TrustPolicy"/>.</summary>
public sealed class ImageSignature : IDisposable
{
    private ImageSignature(X509Certificate2 signer, X509Certificate2Collection certificates)
    {
        Signer = signer;
        Certificates = certificates;
    }

    /// <summary>The certificate it was made with.</summary>
    public X509Certificate2 Signer { get; }

    /// <summary>All certificates that came with it.</summary>
    public X509Certificate2Collection Certificates { get; }

    /// <summary>Checks a signature.</summary>
    /// <param name="statement">What it should be over.</param>
    /// <param name="signature">The CMS object in base64.</param>
    /// <exception cref="StoreException"><c>SignatureInvalid</c>.</exception>
    public static ImageSignature Verify(ImageStatement statement, string signature)
    {
        ArgumentNullException.ThrowIfNull(statement);
        ArgumentNullException.ThrowIfNull(signature);
        try
        {
            SignedCms message = Decode(statement, signature);
            if (message.SignerInfos is not { Count: 1 } signers || signers[0] is not { Certificate: { } signer } info)
                throw Invalid(statement, "it is not by exactly one signer, whose certificate comes with it");
            if (info.DigestAlgorithm.Value is not (SignatureAlgorithms.Sha256 or SignatureAlgorithms.Sha384 or SignatureAlgorithms.Sha512))
                throw Invalid(statement, "its digest is none of SHA-256, SHA-384 and SHA-512");
            if (!SignatureAlgorithms.IsStrong(signer))
                throw Invalid(statement, $"its key is too weak: {SignatureAlgorithms.StrongKeys} are accepted");
            info.CheckSignature(verifySignatureOnly: true);
            return new ImageSignature(signer, message.Certificates);
        }
        catch (Exception wrong) when (wrong is CryptographicException or FormatException)
        {
            throw Invalid(statement, $"it is not over what the manifest says, or cannot be read: {wrong.Message}", wrong);
        }
    }

    /// <summary>True for a good signature by this signer.</summary>
    public static bool IsBy(ImageSigner signer, ImageStatement statement, string signature)
    {
        ArgumentNullException.ThrowIfNull(signer);
        try
        {
            using ImageSignature good = Verify(statement, signature);
            return good.Signer.GetCertHashString(HashAlgorithmName.SHA256) == signer.Thumbprint;
        }
        catch (StoreException wrong) when (wrong.Id == "SignatureInvalid")
        {
            return false;
        }
    }

    /// <summary>The certificate in a signature that is not checked, or null when there is none.</summary>
    public static X509Certificate2? TryReadSigner(ImageStatement statement, string signature)
    {
        try
        {
            return Decode(statement, signature) is { SignerInfos: { Count: 1 } signers } ? signers[0].Certificate : null;
        }
        catch (Exception unreadable) when (unreadable is StoreException or CryptographicException or FormatException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (X509Certificate2 certificate in Certificates)
            certificate.Dispose();
        Signer.Dispose();
    }

    private static SignedCms Decode(ImageStatement statement, string signature)
    {
        if (signature.Length > FormatLimits.LongestSignature)
            throw Invalid(statement, $"it has more than {FormatLimits.LongestSignature} characters");
        var message = new SignedCms(new ContentInfo(statement.CanonicalBytes()), detached: true);
        message.Decode(Convert.FromBase64String(signature));
        return message;
    }

    private static StoreException Invalid(ImageStatement statement, string reason, Exception? cause = null) =>
        new("SignatureInvalid", statement.Image, $"The signature of {statement.Image} is not good: {reason.TrimEnd('.')}.", cause);
}
