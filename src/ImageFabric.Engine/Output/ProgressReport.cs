namespace ImageFabric.Engine.Output;

/// <summary>How far the work is.</summary>
/// <param name="Activity">What is being done, in a few words.</param>
/// <param name="Done">Bytes done.</param>
/// <param name="Total">Bytes in all; null while unknown.</param>
internal readonly record struct ProgressReport(string Activity, long Done, long? Total)
{
    /// <summary>Bytes that are to cross the wire; null when that is not known.</summary>
    public long? ToFetch { get; init; }

    /// <summary>Bytes that have crossed it; null when nothing is fetched.</summary>
    public long? Fetched { get; init; }

    /// <summary>Bytes of the disk that were here already; null when nothing is fetched.</summary>
    public long? Reused { get; init; }
}
