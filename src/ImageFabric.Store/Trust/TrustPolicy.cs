using System.Security.Cryptography;

namespace ImageFabric.Store.Trust;

/// <summary>What is asked of an image's signature.</summary>
public enum TrustMode
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>An image that is not signed, or by somebody who is not trusted, is taken with a warning. A signature that is not good is refused.</summary>
    WarnUnsigned,

    /// <summary>Only an image with a good signature of somebody who is trusted is taken.</summary>
    RequireSigned,
}

/// <summary>Which images may be taken, by who signed them. Store format, "Signature".</summary>
public sealed record TrustPolicy
{
    /// <summary>What is asked.</summary>
    public TrustMode Mode { get; init; }

    /// <summary>Certificates that are trusted by their thumbprint: SHA-256 (64 hexadecimal digits) or SHA-1 (40), in any case, with or without colons and blanks.</summary>
    public IReadOnlyList<string> Thumbprints { get; init; } = [];

    /// <summary>Authorities whose certificates for code signing are trusted: certificates in DER.</summary>
    public IReadOnlyList<byte[]> Authorities { get; init; } = [];

    /// <summary>Holds an image to the policy, before anything of it is taken.</summary>
    /// <param name="statement">What the manifest says.</param>
    /// <param name="signature">The manifest's signature; null when it has none.</param>
    /// <param name="source">Whose policy it is, for the message: <c>the host</c> or <c>the store</c>.</param>
    /// <param name="warn">Told what is not as it should be although the image may be taken.</param>
    /// <exception cref="StoreException"><c>SignatureMissing</c>, <c>SignatureInvalid</c>, <c>SignerNotTrusted</c>, <c>TrustPolicyInvalid</c>.</exception>
    public void Enforce(ImageStatement statement, string? signature, string source, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(statement);
        ArgumentNullException.ThrowIfNull(warn);
        if (Mode == TrustMode.None)
            return;
        using TrustedCertificates trusted = TrustedCertificates.Read(this, source);
        if (signature is null)
        {
            Refuse("SignatureMissing", $"{statement.Image} is not signed.");
            return;
        }

        using ImageSignature good = ImageSignature.Verify(statement, signature);
        if (!trusted.Contain(good))
            Refuse("SignerNotTrusted", $"{statement.Image} is signed by {good.Signer.Subject} ({good.Signer.GetCertHashString(HashAlgorithmName.SHA256)}), whom the policy of {source} does not trust.");

        void Refuse(string id, string message)
        {
            if (Mode == TrustMode.RequireSigned)
                throw new StoreException(id, statement.Image, message);
            warn(message);
        }
    }
}
