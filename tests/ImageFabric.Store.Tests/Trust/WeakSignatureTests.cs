using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using ImageFabric.Store.Trust;

namespace ImageFabric.Store.Tests.Trust;

/// <summary>What is no proof although its mathematics is good: security.md, "What signatures are accepted".</summary>
public sealed class WeakSignatureTests
{
    private static readonly ImageStatement Statement = new()
    {
        Name = "a", Version = "1", ImageId = "sha256:" + new string('a', 64), VirtualSize = 512, DataSize = 512, Published = "2026-11-23T17:19:58.578Z", SourceFormat = "raw",
    };

    [Theory]
    [InlineData(1024, false)]
    [InlineData(2048, true)]
    public void A_short_key_signs_nothing_that_is_taken(int bits, bool taken)
    {
        using RSA key = RSA.Create(bits);
        using X509Certificate2 signer = new CertificateRequest("CN=signer", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string signature = Sign(signer);
        Assert.Equal(taken ? null : "SignatureInvalid", Refusal(new TrustPolicy { Mode = TrustMode.RequireSigned, Thumbprints = [signer.GetCertHashString(HashAlgorithmName.SHA256)] }, signature));
        Assert.Equal(taken ? null : "SigningCertificateUnusable", Record.Exception(() => new ImageSigner(signer, [])) is StoreException refused ? refused.Id : null);
    }

    [Theory]
    [InlineData("SHA1", false)]
    [InlineData("SHA256", true)]
    public void A_certificate_that_is_signed_over_a_broken_digest_is_not_its_authoritys(string digest, bool taken)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=root", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using X509Certificate2 root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(2));
        using RSA leafKey = RSA.Create(2048);
        using X509Certificate2 bare = new CertificateRequest("CN=signer", leafKey, new HashAlgorithmName(digest), RSASignaturePadding.Pkcs1)
            .Create(root.SubjectName, digest == "SHA1" ? new Sha1Generator(key) : X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3]);
        using X509Certificate2 leaf = bare.CopyWithPrivateKey(leafKey);
        Assert.Equal(taken ? null : "SignerNotTrusted", Refusal(new TrustPolicy { Mode = TrustMode.RequireSigned, Authorities = [root.RawData] }, Sign(leaf)));
    }

    [Fact]
    public void A_signer_below_an_authority_for_web_servers_alone_is_not_trusted()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=web", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(TestCertificates.ServerAuthentication)], critical: false));
        using X509Certificate2 web = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-5), DateTimeOffset.UtcNow.AddDays(50));
        using X509Certificate2 leaf = TestCertificates.Issued("signer", web);
        Assert.Equal("SignerNotTrusted", Refusal(new TrustPolicy { Mode = TrustMode.RequireSigned, Authorities = [web.RawData] }, Sign(leaf)));
    }

    [Fact]
    public void More_certificates_than_a_signature_holds_are_refused_before_anything_is_signed()
    {
        using X509Certificate2 root = TestCertificates.Authority("root");
        X509Certificate2Collection many = [.. Enumerable.Range(0, 150).Select(i => X509CertificateLoader.LoadCertificate(TestCertificates.Authority($"authority {i}").RawData))];
        Assert.Equal("SigningCertificateUnusable", Assert.Throws<StoreException>(() => new ImageSigner(TestCertificates.Issued("signer", root), many)).Id);
    }

    private static string? Refusal(TrustPolicy policy, string signature)
    {
        try
        {
            policy.Enforce(Statement, signature, "the test", static _ => { });
            return null;
        }
        catch (StoreException refused)
        {
            return refused.Id;
        }
    }

    // As a signer does it who does not ask what is accepted.
    private static string Sign(X509Certificate2 certificate)
    {
        var message = new SignedCms(new ContentInfo(Statement.CanonicalBytes()), detached: true);
        message.ComputeSignature(new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, certificate) { DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1"), IncludeOption = X509IncludeOption.EndCertOnly });
        return Convert.ToBase64String(message.Encode());
    }

    // The platform's own generator signs over SHA-1 no more.
    private sealed class Sha1Generator(RSA key) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => Convert.FromHexString("300D06092A864886F70D0101050500");

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

        protected override PublicKey BuildPublicKey() => new(key);
    }
}
