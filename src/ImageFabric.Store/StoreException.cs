namespace ImageFabric.Store;

/// <summary>A store, or something in it, that cannot be used. <see cref="Id"/> is stable and described in the error table.</summary>
public sealed class StoreException : Exception
{
    /// <summary>Makes an error about a store.</summary>
    /// <param name="id">Stable id, for example <c>PackCorrupt</c>.</param>
    /// <param name="target">The store, object or image.</param>
    /// <param name="message">What is wrong, in one sentence.</param>
    /// <param name="innerException">What it came from.</param>
    public StoreException(string id, string target, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Id = id;
        Target = target;
    }

    /// <summary>Stable id, for example <c>PackCorrupt</c>.</summary>
    public string Id { get; }

    /// <summary>The store, object or image.</summary>
    public string Target { get; }
}
