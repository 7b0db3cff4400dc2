namespace ImageFabric.Disks;

/// <summary>A disk image file that cannot be used. <see cref="Id"/> is stable and described in the error table.</summary>
public sealed class DiskException : Exception
{
    /// <summary>Makes an error about a file.</summary>
    /// <param name="id">Stable id, for example <c>ImageCorrupt</c>.</param>
    /// <param name="target">The file.</param>
    /// <param name="message">What is wrong, in one sentence.</param>
    /// <param name="offset">Where in the file, in bytes, if that can be said.</param>
    /// <param name="innerException">What it came from.</param>
    public DiskException(string id, string target, string message, long? offset = null, Exception? innerException = null)
        : base(offset is { } o ? $"{message} (at byte {o} of the file)" : message, innerException)
    {
        Id = id;
        Target = target;
        Offset = offset;
    }

    /// <summary>Stable id, for example <c>ImageCorrupt</c>.</summary>
    public string Id { get; }

    /// <summary>The file.</summary>
    public string Target { get; }

    /// <summary>Where in the file, in bytes, if that can be said.</summary>
    public long? Offset { get; }
}
