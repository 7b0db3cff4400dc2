namespace ImageFabric.Store.Objects;

/// <summary>A fault that may be gone at the next attempt. Never leaves the back ends: <see cref="RetryPolicy"/> turns the last one into <c>StoreUnreachable</c>.</summary>
internal sealed class PassingFaultException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>How long the service asks to be left alone. Null: it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
