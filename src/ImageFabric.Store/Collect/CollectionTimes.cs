namespace ImageFabric.Store.Collect;

/// <summary>The times that publishers and collectors of a store agree on. All are of the store's clock. Store format, "Collecting".</summary>
public static class CollectionTimes
{
    /// <summary>The shortest grace period a mark may have.</summary>
    public static TimeSpan ShortestGrace { get; } = TimeSpan.FromHours(1);

    /// <summary>The grace period when none is asked for.</summary>
    public static TimeSpan DefaultGrace { get; } = TimeSpan.FromDays(1);

    /// <summary>The longest grace period a mark may have.</summary>
    public static TimeSpan LongestGrace { get; } = TimeSpan.FromDays(30);

    /// <summary>How long after a publisher looked at what its manifest is to name the manifest may be written.</summary>
    public static TimeSpan PublishWindow { get; } = TimeSpan.FromMinutes(15);
}
