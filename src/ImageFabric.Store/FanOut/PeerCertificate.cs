using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImageFabric.Store.FanOut;

/// <summary>The certificate by which a host is known to others for one sync. Its key never leaves the process.</summary>
internal static class PeerCertificate
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(8);
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(1);

    public static X509Certificate2 Make()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=imagefabric", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        X509Certificate2 certificate = request.CreateSelfSigned(now - ClockTolerance, now + Lifetime);
        if (!OperatingSystem.IsWindows())
            return certificate;

        // SChannel takes no key that is in memory alone.
        using (certificate)
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>What pins it: the SHA-256 of it.</summary>
    public static byte[] Pin(X509Certificate certificate) => SHA256.HashData(certificate.GetRawCertData());
}
