using System.Text.Json;
using System.Text.Json.Serialization;
using ImageFabric.Disks;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Host;

/// <summary>A trust policy in a file: <c>{"mode":"RequireSigned","thumbprints":["…"],"authorityFiles":["ca.pem"]}</c>.</summary>
/// <param name="Mode">As <see cref="TrustSettings.Mode"/>.</param>
/// <param name="Thumbprints">As <see cref="TrustSettings.Thumbprints"/>.</param>
/// <param name="AuthorityFiles">Files with certificates of authorities, PEM or DER; a relative path is seen from the policy's own file.</param>
internal sealed record TrustFile(string Mode, string[]? Thumbprints = null, string[]? AuthorityFiles = null)
{
    private const int LongestFile = 1 << 20;

    /// <summary>The policy of this host, which holds for whoever has an image brought here. Without the file the host asks for nothing.</summary>
    public static string OfHost => OperatingSystem.IsWindows()
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "ImageFabric", "trust.json")
        : "/etc/imagefabric/trust.json";

    /// <summary>Reads a policy, if there is one. Null only where it is certain that there is none: what cannot be looked at may ask for anything.</summary>
    /// <exception cref="OperationException">As for <see cref="Read"/>.</exception>
    public static TrustSettings? ReadIfAny(string path)
    {
        try
        {
            // Unlike File.Exists, this tells what is absent from what may not be looked at.
            if (new FileInfo(path).LinkTarget is null)
                File.GetAttributes(path);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            throw new OperationException("TrustPolicyInvalid", path, $"The trust policy in {path} cannot be looked at: {hidden.Message}", hidden);
        }

        return Read(path);
    }

    /// <summary>Reads a policy.</summary>
    /// <exception cref="OperationException"><c>TrustPolicyInvalid</c>: it cannot be read, so that nobody knows what it asks.</exception>
    public static TrustSettings Read(string path)
    {
        try
        {
            TrustFile file = JsonSerializer.Deserialize(ReadBytes(path), TrustJson.Default.TrustFile) ?? throw new JsonException("it says nothing");
            return new TrustSettings { Mode = file.Mode, Thumbprints = file.Thumbprints, Authorities = file.AuthorityFiles is null ? null : [.. file.AuthorityFiles.SelectMany(one => Certificates(path, one))] };
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or JsonException or System.Security.Cryptography.CryptographicException)
        {
            throw new OperationException("TrustPolicyInvalid", path, $"The trust policy in {path} cannot be used: {unusable.Message}", unusable);
        }
    }

    // A pipe would be waited for, and a device has no end.
    private static byte[] ReadBytes(string path)
    {
        if (!FileKind.IsRegular(path))
            throw new IOException($"{path} is no file.");
        using FileStream file = File.OpenRead(path);
        if (file.Length > LongestFile)
            throw new IOException($"{path} is longer than {LongestFile} bytes.");
        byte[] content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }

    private static IEnumerable<string> Certificates(string policy, string file)
    {
        byte[] content = ReadBytes(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(policy))!, file));
        if (content.AsSpan().IndexOf("-----BEGIN CERTIFICATE-----"u8) < 0)
            return [Convert.ToBase64String(content)];
        var all = new System.Security.Cryptography.X509Certificates.X509Certificate2Collection();
        all.ImportFromPem(System.Text.Encoding.ASCII.GetString(content));
        return all.Select(static one => Convert.ToBase64String(one.RawDataMemory.Span)).ToArray();
    }
}

/// <summary>JSON of trust policies. A member that is misspelled would ask for less than was meant: it is refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(TrustFile))]
internal sealed partial class TrustJson : JsonSerializerContext;
