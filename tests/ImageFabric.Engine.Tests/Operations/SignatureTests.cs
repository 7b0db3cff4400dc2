using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;
using ImageFabric.Store.Tests.Trust;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>Signing at publish, and trust at everything that takes an image.</summary>
public sealed class SignatureTests : IDisposable
{
    private const long Mebi = 1024 * 1024;
    private const string Password = "p ä$\"word";

    private readonly Scratch scratch = new();
    private readonly TestStore store;
    private readonly X509Certificate2 certificate = TestCertificates.SelfSigned("release team");

    public SignatureTests() => store = TestStore.InDirectory(scratch["store"]);

    private string Thumbprint => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    public void Dispose()
    {
        certificate.Dispose();
        scratch.Dispose();
    }

    [EngineFact]
    public async Task A_certificate_signs_from_PKCS12_PEM_and_the_personal_store()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], Mebi, Mebi);
        await File.WriteAllBytesAsync(scratch["open.pfx"], certificate.Export(X509ContentType.Pfx));
        await File.WriteAllBytesAsync(scratch["closed.pfx"], certificate.Export(X509ContentType.Pfx, Password));
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(scratch["key.pem"], certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        await File.WriteAllTextAsync(
            scratch["closed.pem"],
            key.ExportEncryptedPkcs8PrivateKeyPem(Password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)) + "\n" + certificate.ExportCertificatePem());
        Directory.CreateDirectory(scratch["home/.dotnet/corefx/cryptography/x509stores/my"]);
        File.Copy(scratch["open.pfx"], scratch[$"home/.dotnet/corefx/cryptography/x509stores/my/{certificate.Thumbprint}.pfx"]);
        var environment = new Dictionary<string, string?> { ["IMAGEFABRIC_SIGNING_PASSWORD"] = Password, ["HOME"] = scratch["home"] };

        int version = 0;
        foreach (string given in new[] { scratch["open.pfx"], scratch["closed.pfx"], scratch["key.pem"], scratch["closed.pem"], certificate.Thumbprint, Thumbprint.ToLowerInvariant() })
        {
            Dictionary<string, string?>? variables = given.Contains("closed", StringComparison.Ordinal) || !given.Contains('/') ? environment : null;
            string[] arguments = ["publish", disk, "--name", "disk", "--version", $"{++version}", "--signing-certificate", given, .. store.Options, "--json"];
            Assert.Equal(Thumbprint, (await EngineProgram.RunAsync(arguments, variables)).Result<PublishResult>().SignerThumbprint);
        }

        IReadOnlyList<ImageResult> listed = (await store.RunAsync("list")).Results<ImageResult>();
        Assert.All(listed, image => Assert.Equal((Thumbprint, "CN=release team"), (image.SignerThumbprint, image.SignerSubject)));
        Assert.Equal("SigningCertificateUnusable", (await store.PublishAsync(disk, "x", "--signing-certificate", scratch["closed.pfx"])).Failure().Id);
        Assert.Equal("SigningCertificateUnusable", (await store.PublishAsync(disk, "x", "--signing-certificate", scratch["nosuch.pfx"])).Failure().Id);
        Assert.Equal("SigningCertificateUnusable", (await store.PublishAsync(disk, "x", "--signing-certificate", new string('a', 64))).Failure().Id);
    }

    [EngineFact]
    public async Task What_takes_an_image_holds_it_to_the_policy_before_any_data_moves()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 2 * Mebi, 2 * Mebi);
        await SignAsync(disk, "signed");
        (await store.PublishAsync(disk, "plain")).Succeeded();
        await SignAsync(disk, "changed");
        await store.DamageAsync("images/disk/changed.json", bytes => bytes.AsSpan(bytes.AsSpan().IndexOf("\"raw\""u8) + 1, 1).Fill((byte)'c'));
        Directory.Move(Path.Combine(store.Uri, "packs"), scratch["away"]);
        string require = Policy("RequireSigned", Thumbprint);
        string other = Policy("RequireSigned", new string('0', 64));

        Assert.Equal("SignatureMissing", (await store.PullAsync("plain", scratch["x.raw"], "--trust", require)).Failure().Id);
        Assert.Equal("SignatureInvalid", (await store.PullAsync("changed", scratch["x.raw"], "--trust", require)).Failure().Id);
        Assert.Equal("SignatureInvalid", (await store.PullAsync("changed", scratch["x.raw"], "--trust", Policy("WarnUnsigned", Thumbprint))).Failure().Id);
        Assert.Equal("SignerNotTrusted", (await store.PullAsync("signed", scratch["x.raw"], "--trust", other)).Failure().Id);
        Assert.Equal("SignatureMissing", (await store.RunAsync("copy", "disk:plain", "--to", scratch["copy"], "--to-trust", require)).Failure().Id);
        Assert.Equal("SignatureMissing", (await store.PublishAsync(disk, "new", "--trust", require)).Failure().Id);

        Directory.Move(scratch["away"], Path.Combine(store.Uri, "packs"));
        (await store.PullAsync("signed", scratch["signed.raw"], "--trust", require)).Succeeded();
        EngineAnswer warned = (await store.PullAsync("plain", scratch["plain.raw"], "--trust", Policy("WarnUnsigned", Thumbprint))).Succeeded();
        Assert.Contains("disk:plain is not signed.", Assert.Single(warned.Events<LogEvent>(EngineEvent.LogType), log => log.Level == LogEvent.Warning).Message);
        (await store.PullAsync("plain", scratch["free.raw"], "--trust", Policy("None"))).Succeeded();
    }

    [EngineFact]
    public async Task A_signature_outlives_copies_repairs_and_is_added_to_what_is_published()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 2 * Mebi, 2 * Mebi);
        (await store.PublishAsync(disk, "1", "--label", "os=debian")).Succeeded();
        string require = Policy("RequireSigned", Thumbprint);
        PublishResult signed = await SignAsync(disk, "1");
        Assert.Equal((false, 0, Thumbprint), (signed.Created, signed.PacksUploaded, signed.SignerThumbprint));

        foreach (string pack in await store.KeysAsync("packs/"))
            await store.DeleteAsync(pack);
        Assert.True((await store.PublishAsync(disk, "1", "--label", "os=other")).Result<PublishResult>().PacksUploaded > 0);
        (await store.PullAsync("1", scratch["one.raw"], "--trust", require)).Succeeded();

        TestStore copy = TestStore.InDirectory(scratch["copy"]);
        (await store.RunAsync("copy", "disk:1", "--to", copy.Uri)).Succeeded();
        (await copy.PullAsync("1", scratch["two.raw"], "--trust", require)).Succeeded();
    }

    [EngineFact]
    public async Task A_signature_outlives_packs_that_are_written_anew()
    {
        string part = SampleDisk.MakeDense(scratch["part.raw"], 4 * Mebi, Mebi);
        (await store.PublishAsync(SampleDisk.MakeDense(scratch["whole.raw"], 4 * Mebi, 4 * Mebi), "whole")).Succeeded();
        await SignAsync(part, "part");
        (await store.RunAsync("remove", "disk:whole")).Succeeded();
        OptimizeResult report = (await store.RunAsync("gc")).Result<OptimizeResult>();
        Assert.Equal((1, 1), (report.RepackedPacks, report.ImagesRewritten));
        foreach (string mark in await store.KeysAsync("marks/packs/"))
            await store.DeleteAsync(mark["marks/".Length..]);

        (await store.PullAsync("part", scratch["pulled.raw"], "--trust", Policy("RequireSigned", Thumbprint))).Succeeded();
        Assert.Equal(await File.ReadAllBytesAsync(part), await File.ReadAllBytesAsync(scratch["pulled.raw"]));
        Assert.Equal("SignerNotTrusted", (await store.PullAsync("part", scratch["x.raw"], "--trust", Policy("RequireSigned", new string('0', 64)))).Failure().Id);
    }

    [EngineFact]
    public async Task A_policy_that_cannot_be_read_takes_nothing()
    {
        (await store.PublishAsync(SampleDisk.MakeDense(scratch["disk.raw"], Mebi, Mebi), "1")).Succeeded();
        foreach (string text in new[] { "", "{}", "{\"mode\":\"Sometimes\"}", "{\"mode\":\"None\",\"thumbprint\":[\"aa\"]}", "{\"mode\":\"WarnUnsigned\",\"thumbprints\":[\"aa\"]}", "{\"mode\":\"RequireSigned\",\"authorityFiles\":[\"nosuch.pem\"]}" })
        {
            await File.WriteAllTextAsync(scratch["trust.json"], text);
            Assert.Equal("TrustPolicyInvalid", (await store.PullAsync("1", scratch["x.raw"], "--trust", scratch["trust.json"])).Failure().Id);
        }
    }

    [EngineFact]
    public async Task An_authority_in_a_file_is_trusted_for_what_it_issued()
    {
        using X509Certificate2 authority = TestCertificates.Authority("company");
        using X509Certificate2 leaf = TestCertificates.Issued("builder", authority);
        await File.WriteAllTextAsync(scratch["ca.pem"], authority.ExportCertificatePem());
        await File.WriteAllBytesAsync(scratch["leaf.pfx"], leaf.Export(X509ContentType.Pfx));
        await File.WriteAllTextAsync(scratch["trust.json"], """{"mode":"RequireSigned","authorityFiles":["ca.pem"]}""");
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], Mebi, Mebi);

        (await store.PublishAsync(disk, "1", "--signing-certificate", scratch["leaf.pfx"], "--trust", scratch["trust.json"])).Succeeded();
        Assert.Equal("SignerNotTrusted", (await store.PublishAsync(disk, "2", "--signing-certificate", await PfxAsync(), "--trust", scratch["trust.json"])).Failure().Id);
        (await store.PullAsync("1", scratch["x.raw"], "--trust", scratch["trust.json"])).Succeeded();
    }

    private async Task<PublishResult> SignAsync(string disk, string version) =>
        (await store.PublishAsync(disk, version, "--signing-certificate", await PfxAsync())).Result<PublishResult>();

    private async Task<string> PfxAsync()
    {
        await File.WriteAllBytesAsync(scratch["signer.pfx"], certificate.Export(X509ContentType.Pfx));
        return scratch["signer.pfx"];
    }

    private string Policy(string mode, params string[] thumbprints)
    {
        string file = scratch[$"trust-{Guid.NewGuid():N}.json"];
        File.WriteAllText(file, $$"""{"mode":"{{mode}}","thumbprints":[{{string.Join(',', thumbprints.Select(static t => $"\"{t}\""))}}]}""");
        return file;
    }
}
