using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImageFabric.Protocol;
using ImageFabric.Store;
using ImageFabric.Store.Trust;

namespace ImageFabric.Engine.Operations;

/// <summary>Finds the certificate that a request wants images signed with.</summary>
internal static class SigningCertificates
{
    // A key that is only needed now must leave nothing on the disk. macOS has no such keys.
    private static readonly X509KeyStorageFlags KeyStorage = OperatingSystem.IsMacOS() ? X509KeyStorageFlags.DefaultKeySet : X509KeyStorageFlags.EphemeralKeySet;

    /// <summary>Opens a signer. Null: nothing is to be signed.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>, <c>SigningCertificateUnusable</c>.</exception>
    /// <exception cref="StoreException"><c>SigningCertificateUnusable</c>.</exception>
    public static async Task<ImageSigner?> OpenAsync(SigningKey? key, CancellationToken cancellationToken)
    {
        switch (key)
        {
            case null:
                return null;
            case { Pfx: { } pfx, File: null, Thumbprint: null }:
                return FromPkcs12(Decode(pfx), key.Password, "the certificate that was given");
            case { Pfx: null, File: { } file, Thumbprint: null }:
                return await FromFileAsync(file, key.Password, cancellationToken).ConfigureAwait(false);
            case { Pfx: null, File: null, Thumbprint: { } thumbprint }:
                return FromStore(thumbprint);
            default:
                throw new OperationException("InvalidRequest", null, "A signing certificate is given in one way: as PKCS #12, as a file, or by its thumbprint.");
        }
    }

    private static async Task<ImageSigner> FromFileAsync(string file, string? password, CancellationToken cancellationToken)
    {
        byte[] content;
        try
        {
            content = await File.ReadAllBytesAsync(file, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Unusable(file, refused.Message, refused);
        }

        if (!content.AsSpan().StartsWith("-----BEGIN"u8) && content.AsSpan().IndexOf("\n-----BEGIN"u8) < 0)
            return FromPkcs12(content, password, file);
        try
        {
            string pem = System.Text.Encoding.ASCII.GetString(content);
            var all = new X509Certificate2Collection();
            all.ImportFromPem(pem);
            X509Certificate2 signer = password is null ? X509Certificate2.CreateFromPem(pem, pem) : X509Certificate2.CreateFromEncryptedPem(pem, pem, password);
            return new ImageSigner(signer, Others(all, signer));
        }
        catch (Exception malformed) when (malformed is CryptographicException or ArgumentException)
        {
            throw Unusable(file, malformed.Message, malformed);
        }
    }

    private static ImageSigner FromPkcs12(byte[] content, string? password, string name)
    {
        try
        {
            X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12Collection(content, password, KeyStorage);
            X509Certificate2 signer = all.FirstOrDefault(static c => c.HasPrivateKey) ?? throw Unusable(name, "it holds no private key");
            return new ImageSigner(signer, Others(all, signer));
        }
        catch (CryptographicException malformed)
        {
            throw Unusable(name, malformed.Message, malformed);
        }
    }

    private static ImageSigner FromStore(string thumbprint)
    {
        StoreLocation[] locations = OperatingSystem.IsWindows() ? [StoreLocation.CurrentUser, StoreLocation.LocalMachine] : [StoreLocation.CurrentUser];
        string plain = string.Concat(thumbprint.Where(char.IsAsciiHexDigit));
        foreach (StoreLocation location in locations)
        {
            foreach (X509Certificate2 certificate in Personal(location))
            {
                if (certificate.Thumbprint.Equals(plain, StringComparison.OrdinalIgnoreCase) || certificate.GetCertHashString(HashAlgorithmName.SHA256).Equals(plain, StringComparison.OrdinalIgnoreCase))
                    return new ImageSigner(certificate, []);
            }
        }

        throw Unusable(thumbprint, "no personal certificate store has it");
    }

    private static X509Certificate2Collection Personal(StoreLocation location)
    {
        using var store = new X509Store(StoreName.My, location);
        try
        {
            store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
            return store.Certificates;
        }
        catch (CryptographicException)
        {
            // Nobody has put a certificate there yet.
            return [];
        }
    }

    private static X509Certificate2Collection Others(X509Certificate2Collection all, X509Certificate2 signer) =>
        [.. all.Where(one => !one.RawDataMemory.Span.SequenceEqual(signer.RawDataMemory.Span))];

    private static byte[] Decode(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException malformed)
        {
            throw new OperationException("InvalidRequest", null, "The PKCS #12 content of a signing certificate is in base64.", malformed);
        }
    }

    private static OperationException Unusable(string target, string reason, Exception? cause = null) =>
        new("SigningCertificateUnusable", target, $"Nothing can be signed with {target}: {reason.TrimEnd('.')}.", cause);
}
