using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What one look at a store found.</summary>
public sealed class VmImageStoreCheck
{
    internal VmImageStoreCheck(StoreCheckResult result)
    {
        Check = result.Check;
        Status = result.Status;
        Message = result.Message;
        Consequence = result.Consequence;
    }

    /// <summary>What was looked at, such as <c>ConditionalCreate</c> or <c>ClockSkew</c>.</summary>
    public string Check { get; }

    /// <summary><c>Passed</c>, <c>Weak</c> when something is done in the place of what the store does not do, or <c>Failed</c> when that cannot be made good.</summary>
    public string Status { get; }

    /// <summary>What the store does.</summary>
    public string Message { get; }

    /// <summary>What is done in its place, and what is not guaranteed. Null when it passed.</summary>
    public string? Consequence { get; }

    /// <summary>Status and what was looked at.</summary>
    public override string ToString() => $"{Status} {Check}";
}
