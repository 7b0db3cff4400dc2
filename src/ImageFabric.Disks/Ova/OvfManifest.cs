using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Ova;

/// <summary>
/// The manifest of an OVF package, which has the digests of its files, and the certificate that signs the manifest, as far as there are any. DMTF DSP0243,
/// section "OVF package".
/// </summary>
internal sealed partial class OvfManifest
{
    private const int LongestFile = 1 << 20;

    private readonly SourceFile archive;
    private readonly Dictionary<string, (HashAlgorithmName Algorithm, byte[] Digest)> digests = new(StringComparer.Ordinal);

    private OvfManifest(SourceFile archive) => this.archive = archive;

    /// <summary>Reads both files beside a descriptor. Without them it has no digest.</summary>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>: the signature is not the manifest's, or a file is none.</exception>
    public static async Task<OvfManifest> ReadAsync(SourceFile archive, IReadOnlyList<TarMember> members, string descriptor, CancellationToken cancellationToken)
    {
        var manifest = new OvfManifest(archive);
        string stem = descriptor[..^".ovf".Length];
        if (Beside(".mf") is not { } list)
            return manifest;
        byte[] content = await manifest.ReadMemberAsync(list, cancellationToken).ConfigureAwait(false);
        foreach (Match line in Line().Matches(Encoding.UTF8.GetString(content)))
        {
            string name = line.Groups["name"].Value.Trim();
            if (OvfReference.Find(members, descriptor, name) is { } member && AlgorithmOf(line.Groups["algorithm"].Value) is { } algorithm && HexOf(line.Groups["digest"].Value) is { } digest)
                manifest.digests[member.Name] = (algorithm, digest);
        }

        if (Beside(".cert") is { } certificate)
            manifest.CheckSignature(list, content, certificate, Encoding.UTF8.GetString(await manifest.ReadMemberAsync(certificate, cancellationToken).ConfigureAwait(false)));
        return manifest;

        TarMember? Beside(string extension) => members.FirstOrDefault(member => string.Equals(member.Name, stem + extension, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>What computes the digest of a member while it is read; null when the manifest has none of it.</summary>
    public ReadDigest? Start(TarMember member) => digests.TryGetValue(member.Name, out (HashAlgorithmName Algorithm, byte[] Digest) said) ? new ReadDigest(said.Algorithm) : null;

    /// <summary>Reads what is left of a member and compares its digest with the manifest's.</summary>
    /// <exception cref="DiskException"><c>ImageCorrupt</c>: they differ.</exception>
    public async ValueTask CheckAsync(TarMember member, SourceFile file, ReadDigest digest, CancellationToken cancellationToken)
    {
        byte[] found = await digest.FinishAsync(file, cancellationToken).ConfigureAwait(false);
        if (!found.AsSpan().SequenceEqual(digests[member.Name].Digest))
            throw new DiskException("ImageCorrupt", archive.Path, $"The digest of '{member.Name}' is not the one in the package's manifest (.mf): the file is damaged, or was changed after it was packed.");
    }

    private void CheckSignature(TarMember list, byte[] content, TarMember member, string text)
    {
        Match signature = Line().Match(text);
        if (!signature.Success || AlgorithmOf(signature.Groups["algorithm"].Value) is not { } algorithm || HexOf(signature.Groups["digest"].Value) is not { } value)
            throw Refused("holds no signature that is known");
        try
        {
            using X509Certificate2 certificate = X509Certificate2.CreateFromPem(text);
            using RSA? key = certificate.GetRSAPublicKey();
            using ECDsa? curve = key is null ? certificate.GetECDsaPublicKey() : null;
            bool isRight = key?.VerifyData(content, value, algorithm, RSASignaturePadding.Pkcs1)
                ?? curve?.VerifyData(content, value, algorithm, DSASignatureFormat.Rfc3279DerSequence)
                ?? throw Refused("has a key of a kind that is not known");
            if (!isRight)
                throw Refused($"has a signature that is not of '{list.Name}': the package was changed after it was signed");
        }
        catch (CryptographicException)
        {
            throw Refused("holds no certificate that can be read");
        }

        DiskException Refused(string why) => new("ImageCorrupt", archive.Path, $"The certificate '{member.Name}' of the package {why}.", member.Offset);
    }

    private async ValueTask<byte[]> ReadMemberAsync(TarMember member, CancellationToken cancellationToken)
    {
        if (member.Length > LongestFile)
            throw new DiskException("ImageCorrupt", archive.Path, $"'{member.Name}' in the archive is larger than 1 MiB.", member.Offset);
        byte[] content = new byte[member.Length];
        await archive.ReadAsync(member.Offset, content, cancellationToken).ConfigureAwait(false);
        return content;
    }

    private static HashAlgorithmName? AlgorithmOf(string name) => name.Replace("-", "", StringComparison.Ordinal).ToUpper(CultureInfo.InvariantCulture) switch
    {
        "SHA1" => HashAlgorithmName.SHA1,
        "SHA256" => HashAlgorithmName.SHA256,
        "SHA384" => HashAlgorithmName.SHA384,
        "SHA512" => HashAlgorithmName.SHA512,
        _ => null,
    };

    private static byte[]? HexOf(string text) => text.Length % 2 == 0 ? Convert.FromHexString(text) : null;

    [GeneratedRegex(@"^[ \t]*(?<algorithm>SHA-?\d{1,3})[ \t]*\((?<name>[^\r\n]+)\)[ \t]*=[ \t]*(?<digest>[0-9a-fA-F]+)[ \t]*\r?$", RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Line();
}
