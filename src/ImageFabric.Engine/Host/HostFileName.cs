using System.Security.Cryptography;
using System.Text;

namespace ImageFabric.Engine.Host;

/// <summary>Makes file names of image names and versions, which Windows would confuse when they differ in case only, or not take at all.</summary>
internal static class HostFileName
{
    private const int DigestDigits = 16;

    /// <summary>The name of the file on this system.</summary>
    public static string Of(string name) => OperatingSystem.IsWindows() ? OnWindows(name) : name;

    /// <summary>The name itself where it is safe in any case; otherwise its lower case and a digest, behind a character that no name has.</summary>
    public static string OnWindows(string name)
    {
        bool isDistinct = !name.Any(char.IsAsciiLetterUpper) && Hypervisors.WindowsName.IsAllowed(name);
        if (isDistinct)
            return name;
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..DigestDigits];
        return $"~{name.ToLowerInvariant().TrimEnd('.')}~{digest}";
    }
}
