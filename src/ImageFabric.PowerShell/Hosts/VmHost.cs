namespace ImageFabric.PowerShell;

/// <summary>A host and how to reach it, to be piped to whatever works on hosts.</summary>
public sealed class VmHost : HostItem
{
    internal VmHost(HostConnection connection)
        : base(connection)
    {
    }

    /// <summary>The host's name.</summary>
    public override string ToString() => HostName;
}
