using System;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>The certificate that a user signs images with, on its way to the engine: by standard input only.</summary>
internal static class SigningCertificate
{
    /// <summary>What the engine is told.</summary>
    /// <param name="certificate">A certificate with its private key, the path of a PKCS #12 or PEM file, or a thumbprint. Null: nothing is signed.</param>
    /// <param name="password">What the file is encrypted with. Null: nothing.</param>
    /// <param name="fullPath">Makes a full path of one that may be relative.</param>
    /// <exception cref="FleetException"><c>SigningCertificateUnusable</c>.</exception>
    public static SigningKey? Key(object? certificate, SecureString? password, Func<string, string> fullPath)
    {
        object? value = certificate is PSObject wrapped ? wrapped.BaseObject : certificate;
        return value switch
        {
            null => null,
            X509Certificate2 loaded => Of(loaded),
            FileInfo file => new SigningKey { File = file.FullName, Password = Text(password) },
            string text when CertificateText.IsThumbprint(text) => new SigningKey { Thumbprint = CertificateText.Plain(text) },
            string text => new SigningKey { File = fullPath(text), Password = Text(password) },
            _ => throw Unusable(value.ToString(), $"An object of type {value.GetType().FullName} is no certificate."),
        };
    }

    private static SigningKey Of(X509Certificate2 certificate)
    {
        if (!certificate.HasPrivateKey)
            throw Unusable(certificate.Subject, $"The certificate {certificate.Subject} has no private key here.");
        try
        {
            return new SigningKey { Pfx = Convert.ToBase64String(certificate.Export(X509ContentType.Pfx)) };
        }
        catch (CryptographicException)
        {
            // Its key does not leave its place: the engine finds it there by the certificate's thumbprint.
            return new SigningKey { Thumbprint = certificate.Thumbprint };
        }
    }

    private static string? Text(SecureString? password) => password is null ? null : new PSCredential("password", password).GetNetworkCredential().Password;

    private static FleetException Unusable(string target, string message) => new("SigningCertificateUnusable", target, message);
}

/// <summary>Certificates as users write them.</summary>
internal static class CertificateText
{
    /// <summary>True for an SHA-1 or SHA-256 thumbprint, with or without colons and blanks.</summary>
    public static bool IsThumbprint(string text) => Plain(text) is { Length: 40 or 64 } plain && plain.All(static c => Uri.IsHexDigit(c));

    /// <summary>A thumbprint without colons and blanks.</summary>
    public static string Plain(string text) => string.Concat(text.Where(static c => c is not (':' or ' ')));
}
