using System.Text;
using System.Text.Json;

namespace ImageFabric.Hypervisors.Seeds;

/// <summary>
/// The files of cloud-init's NoCloud data source, which looks for a file system with the label <see cref="VolumeLabel"/>.
/// See the chapter "NoCloud" of cloud-init's documentation.
/// </summary>
internal static class NoCloudSeed
{
    /// <summary>Label of the volume.</summary>
    public const string VolumeLabel = "cidata";

    /// <summary>The seed's files.</summary>
    /// <param name="instanceId">Never used before: cloud-init runs its once-per-instance steps when it changes.</param>
    /// <param name="hostName">The guest's own name.</param>
    /// <param name="userData">Verbatim. Null or empty: an empty cloud-config, since the file has to be there.</param>
    /// <param name="networkConfig">Verbatim. Null or empty: no such file, and the guest decides.</param>
    public static IReadOnlyList<SeedFile> Files(string instanceId, string hostName, byte[]? userData, byte[]? networkConfig)
    {
        // Quoted as JSON, which is YAML too: a name such as 1e3 or true stays a string.
        string metaData = $"instance-id: {Quote(instanceId)}\nlocal-hostname: {Quote(hostName)}\n";
        var files = new List<SeedFile>
        {
            new("meta-data", Encoding.UTF8.GetBytes(metaData)),
            new("user-data", userData is { Length: > 0 } ? userData : "#cloud-config\n"u8.ToArray()),
        };
        if (networkConfig is { Length: > 0 })
            files.Add(new SeedFile("network-config", networkConfig));
        return files;
    }

    private static string Quote(string value) => $"\"{JsonEncodedText.Encode(value)}\"";
}
