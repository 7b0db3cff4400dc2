namespace ImageFabric.Hypervisors.Machines;

/// <summary>What this host's file systems take for the same name.</summary>
internal static class HostPath
{
    /// <summary>How names and paths are compared: Windows does not tell upper from lower case.</summary>
    public static StringComparison Comparison => OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
}
