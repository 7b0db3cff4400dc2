using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ImageFabric.Store.Objects;

/// <summary>The system's own check of servers' certificates, with the reason in words when one is refused.</summary>
internal static class CertificateCheck
{
    /// <summary>For every connection that is made to a server.</summary>
    public static SslClientAuthenticationOptions Options => new() { RemoteCertificateValidationCallback = Require };

    private static bool Require(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.None ? true : throw new CertificateRefusedException(Describe(certificate, chain, errors, (sender as SslStream)?.TargetHostName));

    private static string Describe(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, string? host)
    {
        string server = string.IsNullOrEmpty(host) ? "the server" : host;
        if (certificate is null)
            return $"{server} has no certificate";
        X509ChainStatusFlags status = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, one) => all | one.Status) ?? X509ChainStatusFlags.NoError;
        string reason = (errors, status) switch
        {
            _ when errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) => $"it is for another name ({certificate.Subject})",
            _ when status.HasFlag(X509ChainStatusFlags.NotTimeValid) => $"it is good from {certificate.GetEffectiveDateString()} to {certificate.GetExpirationDateString()}",
            _ when status.HasFlag(X509ChainStatusFlags.Revoked) => "it was revoked",
            _ => $"it was issued by '{certificate.Issuer}', which this machine does not trust",
        };
        return $"the certificate of {server} is not trusted: {reason}";
    }
}
