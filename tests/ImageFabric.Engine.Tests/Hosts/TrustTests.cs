using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;
using ImageFabric.Store.Tests.Trust;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>A host takes what its own policy and the store's allow, whoever asks.</summary>
[Collection(HostsCollection.Name)]
public sealed class TrustTests(PublishedImages images)
{
    private const string Policy = "/etc/imagefabric/trust.json";

    [HostFact]
    public async Task TheHostsOwnPolicy_RefusesBeforeAnyDataMoves_AndTakesWhatIsSigned()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[0];
        using var scratch = new Scratch();
        using X509Certificate2 certificate = TestCertificates.SelfSigned("release team");
        await File.WriteAllBytesAsync(scratch["signer.pfx"], certificate.Export(X509ContentType.Pfx));
        string name = $"signed-{Guid.NewGuid():N}";
        (await images.Store.RunAsync("publish", Testbed.FirstImage, "--name", name, "--version", "1", "--signing-certificate", scratch["signer.pfx"])).Succeeded();
        await using var directory = new HostDirectory(images.Store);
        string trusted = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        try
        {
            await SetAsync(host, $$"""{"mode":"RequireSigned","thumbprints":["{{trusted}}"]}""");
            ErrorEvent refused = (await directory.SyncAsync(image.Name, [host.Name])).Failure();
            Assert.Equal("SignatureMissing", refused.Id);
            Assert.Empty(await host.FilesAsync(directory.Images));
            SyncResult taken = await directory.SyncAsync($"{name}:1", host);
            Assert.Equal(image.Digest, await host.DigestAsync(taken.Path!));

            await SetAsync(host, $$"""{"mode":"RequireSigned","thumbprints":["{{new string('0', 64)}}"]}""");
            Assert.Equal("SignerNotTrusted", (await directory.SyncAsync($"{name}:1", [host.Name])).Failure().Id);
            await SetAsync(host, "{ this is none");
            Assert.Equal("TrustPolicyInvalid", (await directory.SyncAsync($"{name}:1", [host.Name])).Failure().Id);
        }
        finally
        {
            await host.RunAsync($"rm -f {Policy}");
        }
    }

    [HostFact]
    public async Task TheStoresPolicy_IsEnforcedOnTheHost()
    {
        PublishedImage image = await images.First;
        KvmHost host = Testbed.Hosts[0];
        using var scratch = new Scratch();
        await File.WriteAllTextAsync(scratch["trust.json"], $$"""{"mode":"RequireSigned","thumbprints":["{{new string('0', 64)}}"]}""");
        await using var directory = new HostDirectory(images.Store);

        ErrorEvent refused = (await directory.SyncAsync(image.Name, [host.Name], ["--trust", scratch["trust.json"]])).Failure();

        Assert.Equal("SignatureMissing", refused.Id);
        Assert.StartsWith($"{host.Name}: ", refused.Message);
        Assert.Empty(await host.FilesAsync(directory.Images));
    }

    private static Task SetAsync(KvmHost host, string policy) => host.RunAsync($"mkdir -p /etc/imagefabric && cat >{Policy} <<'END'\n{policy}\nEND");
}
