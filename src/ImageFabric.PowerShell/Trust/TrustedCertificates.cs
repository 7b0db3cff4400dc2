using System;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>The trust policy of a store, made of what a user gave.</summary>
internal static class TrustedCertificates
{
    /// <summary>The policy, or null when images need not be signed.</summary>
    /// <param name="mode">One of the modes of <see cref="TrustSettings"/>. Null: none was given.</param>
    /// <param name="certificates">Trusted signers: certificates, files of certificates, or thumbprints.</param>
    /// <param name="authorities">Trusted authorities: certificates, or files of certificates.</param>
    /// <param name="fullPath">Makes a full path of one that may be relative.</param>
    /// <exception cref="FleetException"><c>InvalidRequest</c>, <c>TrustPolicyInvalid</c>.</exception>
    public static TrustSettings? Settings(string? mode, object[]? certificates, object[]? authorities, Func<string, string> fullPath)
    {
        string[] thumbprints = [.. (certificates ?? []).Select(one => Thumbprint(one, fullPath))];
        string[] issuers = [.. (authorities ?? []).Select(one => Convert.ToBase64String(Load(one, fullPath).RawData))];
        if (mode is null or TrustSettings.None)
        {
            return thumbprints.Length + issuers.Length == 0
                ? null
                : throw new FleetException("InvalidRequest", "TrustPolicy", "Trusted certificates mean nothing without -TrustPolicy WarnUnsigned or RequireSigned.");
        }

        if (thumbprints.Length + issuers.Length == 0)
            throw new FleetException("InvalidRequest", mode, $"-TrustPolicy {mode} needs -TrustedCertificate or -TrustedAuthority: without them nobody is trusted.");
        return new TrustSettings { Mode = mode, Thumbprints = thumbprints.Length > 0 ? thumbprints : null, Authorities = issuers.Length > 0 ? issuers : null };
    }

    private static string Thumbprint(object certificate, Func<string, string> fullPath)
    {
        if (Bare(certificate) is string text && CertificateText.IsThumbprint(text))
            return CertificateText.Plain(text).ToUpperInvariant();
        using var sha256 = SHA256.Create();
        return BitConverter.ToString(sha256.ComputeHash(Load(certificate, fullPath).RawData)).Replace("-", "");
    }

    private static X509Certificate2 Load(object certificate, Func<string, string> fullPath)
    {
        switch (Bare(certificate))
        {
            case X509Certificate2 loaded:
                return loaded;
            case FileInfo file:
                return Read(file.FullName);
            case string text when text.StartsWith("MII", StringComparison.Ordinal) && text.Length > 200:
                return Decode(text);
            case string path:
                return Read(fullPath(path));
            case var other:
                throw new FleetException("TrustPolicyInvalid", $"{other}", $"An object of type {other?.GetType().FullName} is no certificate.");
        }
    }

    // As Get-VmImageStore gives it out.
    private static X509Certificate2 Decode(string base64)
    {
        try
        {
            return new X509Certificate2(Convert.FromBase64String(base64));
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            throw new FleetException("TrustPolicyInvalid", base64, $"The text holds no certificate that can be read: {e.Message}", e);
        }
    }

    private static X509Certificate2 Read(string path)
    {
        try
        {
            return new X509Certificate2(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new FleetException("TrustPolicyInvalid", path, $"{path} holds no certificate that can be read: {e.Message}", e);
        }
    }

    private static object? Bare(object value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
