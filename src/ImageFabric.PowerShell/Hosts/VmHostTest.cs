using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What one check of a host came to.</summary>
public sealed class VmHostTest : HostItem
{
    internal VmHostTest(HostConnection connection, HostTestResult result)
        : base(connection)
    {
        Check = result.Check;
        Status = result.Status;
        Message = result.Message;
        RecommendedAction = result.RecommendedAction;
    }

    /// <summary>
    /// What was looked at: <c>Connection</c> where the host could not be asked, <c>ImageDirectory</c>, <c>FreeSpace</c>, <c>BlockClone</c>, <c>Hypervisor</c>, <c>Virtualization</c>, <c>Firmware</c>,
    /// <c>Network</c>, <c>DiskTool</c>, <c>Clock</c> or <c>Store</c>.
    /// </summary>
    public string Check { get; }

    /// <summary><c>Passed</c>, <c>Warning</c> or <c>Failed</c>.</summary>
    public string Status { get; }

    /// <summary>What was found.</summary>
    public string Message { get; }

    /// <summary>What to do about it. Null when nothing is to be done.</summary>
    public string? RecommendedAction { get; }
}
