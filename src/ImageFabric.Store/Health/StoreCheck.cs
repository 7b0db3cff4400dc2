namespace ImageFabric.Store.Health;

/// <summary>How a store did in one check.</summary>
public enum StoreCheckStatus
{
    /// <summary>It honours what was asked.</summary>
    Passed,

    /// <summary>It does not, and something is done in its place.</summary>
    Weak,

    /// <summary>It does not, and that cannot be made good.</summary>
    Failed,
}

/// <summary>What one look at a store found.</summary>
/// <param name="Check">What was looked at, such as <c>ConditionalCreate</c>.</param>
/// <param name="Status">How it did.</param>
/// <param name="Message">What the store does, in one sentence.</param>
/// <param name="Consequence">What is done where it does not do what was asked, and what is not guaranteed then. Null when it passed.</param>
public sealed record StoreCheck(string Check, StoreCheckStatus Status, string Message, string? Consequence)
{
    internal static StoreCheck Passed(string check, string message) => new(check, StoreCheckStatus.Passed, message, null);

    internal static StoreCheck Weak(string check, string message, string consequence) => new(check, StoreCheckStatus.Weak, message, consequence);

    internal static StoreCheck Failed(string check, string message, string consequence) => new(check, StoreCheckStatus.Failed, message, consequence);
}
