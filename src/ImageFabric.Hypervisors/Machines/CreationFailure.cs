namespace ImageFabric.Hypervisors.Machines;

/// <summary>Says why a machine was not made, and what of it could not be taken back.</summary>
internal static class CreationFailure
{
    // ENOSPC and EDQUOT of Linux, which .NET passes on as they are; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    /// <summary>Takes back what was made, and gives the error to give in place of what was thrown; null when that says it all.</summary>
    /// <param name="name">The machine's name.</param>
    /// <param name="failure">What was thrown.</param>
    /// <param name="undo">What was made.</param>
    public static async Task<HypervisorException?> TakeBackAsync(string name, Exception failure, Undo undo) =>
        Explain(name, failure, await undo.RunAsync().ConfigureAwait(false));

    /// <summary>The error to give in place of what was thrown; null when that says it all.</summary>
    /// <param name="name">The machine's name.</param>
    /// <param name="failure">What was thrown.</param>
    /// <param name="left">What could not be taken back.</param>
    public static HypervisorException? Explain(string name, Exception failure, IReadOnlyList<string> left)
    {
        if (left.Count == 0 && failure is not (IOException or UnauthorizedAccessException))
            return null;
        (string id, string target, string message) = failure switch
        {
            HypervisorException known => (known.Id, known.Target, known.Message),
            OperationCanceledException => ("HypervisorFailed", name, $"Making the machine '{name}' was cancelled."),
            IOException { HResult: NoSpace or QuotaExceeded or WindowsDiskFull or WindowsHandleDiskFull } => ("HostDiskFull", name, failure.Message),
            IOException or UnauthorizedAccessException => ("HostWriteFailed", name, failure.Message),
            _ => ("InternalError", name, failure.Message),
        };
        if (left.Count > 0)
            message += $" Not all that was made could be removed again: {string.Join("; ", left)}. Remove the machine '{name}' to try that once more.";
        return new HypervisorException(id, target, message, failure);
    }
}
