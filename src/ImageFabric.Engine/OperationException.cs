namespace ImageFabric.Engine;

/// <summary>An operation that cannot be done. <see cref="Id"/> is stable and described in the error table.</summary>
internal sealed class OperationException(string id, string? target, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Stable id, for example <c>InvalidRequest</c>.</summary>
    public string Id { get; } = id;

    /// <summary>What it happened to.</summary>
    public string? Target { get; } = target;
}
