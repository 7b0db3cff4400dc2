using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ImageFabric.Store.Trust;

namespace ImageFabric.Store.Tests.Trust;

public sealed class SignatureTests
{
    private static readonly ImageStatement Statement = new()
    {
        Name = "ubuntu-server",
        Version = "24.04.3",
        ImageId = "sha256:3a66b5fe3e94f2bcaea4439cee3633c8e21508c8d8c2a978c0bb46de332f7099",
        VirtualSize = 20000,
        DataSize = 15904,
        Published = "2026-11-23T17:19:58.578Z",
        SourceFormat = "qcow2",
        PartitionTable = "GPT",
        Labels = new Dictionary<string, string> { ["os"] = "linux", ["note"] = "a \"quoted\" line\nand \u0001 € \\" },
    };

    /// <summary>The worked example of the store format page.</summary>
    [Fact]
    public void The_canonical_bytes_are_those_of_the_page() => Assert.Equal(
        """{"dataSize":15904,"format":1,"imageId":"sha256:3a66b5fe3e94f2bcaea4439cee3633c8e21508c8d8c2a978c0bb46de332f7099","labels":{"note":"a \"quoted\" line\nand \u0001 € \\","os":"linux"},"name":"ubuntu-server","partitionTable":"GPT","published":"2026-11-23T17:19:58.578Z","sourceFormat":"qcow2","version":"24.04.3","virtualSize":20000}""",
        Encoding.UTF8.GetString(Statement.CanonicalBytes()));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_signature_is_good_for_what_was_signed_and_for_nothing_else(bool rsa)
    {
        using var signer = new ImageSigner(TestCertificates.SelfSigned("signer", rsa), []);
        string signature = signer.Sign(Statement);

        using (ImageSignature good = ImageSignature.Verify(Statement, signature))
            Assert.Equal(signer.Thumbprint, good.Signer.GetCertHashString(HashAlgorithmName.SHA256));
        ImageStatement[] others =
        [
            Statement with { Name = "ubuntu-serve" }, Statement with { Version = "24.04.4" }, Statement with { ImageId = Statement.ImageId.Replace('9', '8') }, Statement with { VirtualSize = 20001 },
            Statement with { DataSize = 1 }, Statement with { Published = "2026-11-23T17:19:58.579Z" }, Statement with { SourceFormat = "raw" }, Statement with { PartitionTable = null },
            Statement with { BootMode = "UEFI" }, Statement with { SectorSize = 4096 }, Statement with { Labels = null }, Statement with { Labels = new Dictionary<string, string> { ["os"] = "linux" } },
        ];
        Assert.All(others, other => Assert.Equal("SignatureInvalid", Refused(() => ImageSignature.Verify(other, signature).Dispose()).Id));
    }

    [Fact]
    public void Every_flipped_bit_of_a_signature_is_noticed_or_means_nothing()
    {
        using var signer = new ImageSigner(TestCertificates.SelfSigned("signer"), []);
        byte[] signature = Convert.FromBase64String(signer.Sign(Statement));
        using X509Certificate2 other = TestCertificates.SelfSigned("other");
        var policy = new TrustPolicy { Mode = TrustMode.RequireSigned, Thumbprints = [signer.Thumbprint] };
        for (int bit = 0; bit < signature.Length * 8; bit += 7)
        {
            byte[] flipped = (byte[])signature.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                // What is taken nevertheless is by the same certificate over the same statement.
                policy.Enforce(Statement, Convert.ToBase64String(flipped), "the test", static _ => { });
            }
            catch (StoreException refused)
            {
                Assert.Contains(refused.Id, new[] { "SignatureInvalid", "SignerNotTrusted" });
            }
        }
    }

    [Fact]
    public void What_is_no_signature_is_refused_as_one()
    {
        foreach (string text in new[] { "", "!", "AAAA", Convert.ToBase64String(new byte[100]), new string('A', 100_000) })
            Assert.Equal("SignatureInvalid", Refused(() => ImageSignature.Verify(Statement, text).Dispose()).Id);
    }

    [Fact]
    public void A_certificate_without_its_key_signs_nothing()
    {
        using X509Certificate2 whole = TestCertificates.SelfSigned("signer");
        X509Certificate2 bare = X509CertificateLoader.LoadCertificate(whole.RawData);
        Assert.Equal("SigningCertificateUnusable", Refused(() => new ImageSigner(bare, []).Dispose()).Id);
    }

    [Fact]
    public void A_policy_trusts_by_thumbprint_in_any_writing()
    {
        using X509Certificate2 certificate = TestCertificates.SelfSigned("signer");
        string signature = new ImageSigner(certificate, []).Sign(Statement);
        string sha256 = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        string colons = string.Join(':', sha256.ToLowerInvariant().Chunk(2).Select(static pair => new string(pair)));
        foreach (string thumbprint in new[] { sha256, sha256.ToLowerInvariant(), colons, certificate.Thumbprint })
            Assert.Empty(Enforce(new TrustPolicy { Mode = TrustMode.RequireSigned, Thumbprints = ["00" + sha256[2..], thumbprint] }, signature));
    }

    [Fact]
    public void A_policy_trusts_what_an_authority_issued_for_code_signing()
    {
        using X509Certificate2 root = TestCertificates.Authority("root");
        using X509Certificate2 middle = TestCertificates.Authority("middle", root);
        using X509Certificate2 stranger = TestCertificates.Authority("root");
        using X509Certificate2 leaf = TestCertificates.Issued("signer", middle);
        string signature = new ImageSigner(leaf, [X509CertificateLoader.LoadCertificate(middle.RawData)]).Sign(Statement);
        string alone = new ImageSigner(TestCertificates.Issued("signer", middle), []).Sign(Statement);

        Assert.Empty(Enforce(Trusting(root), signature));
        Assert.Empty(Enforce(Trusting(middle), signature));
        Assert.Empty(Enforce(Trusting(middle), alone));
        Assert.Equal("SignerNotTrusted", Refused(() => Enforce(Trusting(root), alone)).Id);
        Assert.Equal("SignerNotTrusted", Refused(() => Enforce(Trusting(stranger), signature)).Id);
    }

    [Fact]
    public void Certificates_for_other_purposes_or_times_are_no_signers()
    {
        using X509Certificate2 root = TestCertificates.Authority("root");
        string ForPurpose(string? purpose) => new ImageSigner(TestCertificates.Issued("signer", root, purpose), []).Sign(Statement);
        string expired = new ImageSigner(TestCertificates.Issued("signer", root, TestCertificates.CodeSigning, -4, -1), []).Sign(Statement);
        using X509Certificate2 noAuthority = TestCertificates.Issued("signer", root);
        string issuedByOne = new ImageSigner(TestCertificates.Issued("signer", noAuthority), [X509CertificateLoader.LoadCertificate(noAuthority.RawData)]).Sign(Statement);

        Assert.Empty(Enforce(Trusting(root), ForPurpose(null)));
        Assert.Empty(Enforce(Trusting(root), ForPurpose(TestCertificates.CodeSigning)));
        Assert.Equal("SignerNotTrusted", Refused(() => Enforce(Trusting(root), ForPurpose(TestCertificates.ServerAuthentication))).Id);
        Assert.Equal("SignerNotTrusted", Refused(() => Enforce(Trusting(root), expired)).Id);
        Assert.Equal("SignerNotTrusted", Refused(() => Enforce(Trusting(root), issuedByOne)).Id);
    }

    [Fact]
    public void Each_mode_asks_for_what_it_says()
    {
        using X509Certificate2 trusted = TestCertificates.SelfSigned("trusted");
        using X509Certificate2 other = TestCertificates.SelfSigned("other");
        string good = new ImageSigner(trusted, []).Sign(Statement);
        string foreign = new ImageSigner(other, []).Sign(Statement);
        string wrong = new ImageSigner(trusted, []).Sign(Statement with { Version = "1" });
        string[] trust = [trusted.GetCertHashString(HashAlgorithmName.SHA256)];

        foreach (string? signature in new[] { null, good, foreign, wrong })
            Assert.Empty(Enforce(new TrustPolicy { Thumbprints = trust }, signature));
        var warn = new TrustPolicy { Mode = TrustMode.WarnUnsigned, Thumbprints = trust };
        Assert.Empty(Enforce(warn, good));
        Assert.Contains("not signed", Assert.Single(Enforce(warn, null)));
        Assert.Contains("CN=other", Assert.Single(Enforce(warn, foreign)));
        Assert.Equal("SignatureInvalid", Refused(() => Enforce(warn, wrong)).Id);
        var require = warn with { Mode = TrustMode.RequireSigned };
        Assert.Empty(Enforce(require, good));
        Assert.Equal("SignatureMissing", Refused(() => Enforce(require, null)).Id);
        Assert.Equal("SignerNotTrusted", Refused(() => Enforce(require, foreign)).Id);
        Assert.Equal("SignatureInvalid", Refused(() => Enforce(require, wrong)).Id);
        Assert.Equal("SignerNotTrusted", Refused(() => Enforce(new TrustPolicy { Mode = TrustMode.RequireSigned }, good)).Id);
    }

    [Fact]
    public void A_policy_that_cannot_be_read_takes_nothing()
    {
        using X509Certificate2 certificate = TestCertificates.SelfSigned("signer");
        string good = new ImageSigner(certificate, []).Sign(Statement);
        var policy = new TrustPolicy { Mode = TrustMode.WarnUnsigned };
        Assert.Equal("TrustPolicyInvalid", Refused(() => Enforce(policy with { Thumbprints = ["abc"] }, good)).Id);
        Assert.Equal("TrustPolicyInvalid", Refused(() => Enforce(policy with { Authorities = [[1, 2, 3]] }, good)).Id);
    }

    private static TrustPolicy Trusting(X509Certificate2 authority) => new() { Mode = TrustMode.RequireSigned, Authorities = [authority.RawData] };

    private static List<string> Enforce(TrustPolicy policy, string? signature)
    {
        var warnings = new List<string>();
        policy.Enforce(Statement, signature, "the test", warnings.Add);
        return warnings;
    }

    private static StoreException Refused(Action action) => Assert.Throws<StoreException>(action);
}
