namespace ImageFabric.Hypervisors.Machines;

/// <summary>The states of <see cref="Protocol.VmResult.State"/>.</summary>
internal static class MachineState
{
    public const string Running = "Running";
    public const string Off = "Off";
    public const string Paused = "Paused";
    public const string Crashed = "Crashed";
    public const string Unknown = "Unknown";

    /// <summary>From libvirt's word (virDomainState, as virsh prints it).</summary>
    public static string FromLibvirt(string state) => state switch
    {
        "running" or "idle" or "in shutdown" => Running,
        "paused" or "pmsuspended" => Paused,
        "shut off" => Off,
        "crashed" => Crashed,
        _ => Unknown,
    };
}
