using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Collect;

/// <summary>How a store is cleaned.</summary>
public sealed record CollectOptions
{
    /// <summary>How long something that nothing leads to is kept, first unmarked and then marked. 1 hour to 30 days; longer than any publish and any pull takes.</summary>
    public TimeSpan Grace { get; init; } = CollectionTimes.DefaultGrace;

    /// <summary>Packs of whose bytes less than this share is in use are written anew, in percent: 0 (none) to 100.</summary>
    public int RepackBelowPercent { get; init; } = 50;

    /// <summary>Look and report, and change nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Told how many bytes of indexes are read, of how many.</summary>
    public IProgress<TransferProgress>? Progress { get; init; }

    /// <summary>Measures how long the work takes.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>A number of objects and their bytes.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Their bytes in all.</param>
public readonly record struct ObjectSum(long Count, long Bytes)
{
    internal ObjectSum Plus(long bytes) => new(Count + 1, Bytes + bytes);
}

/// <summary>What cleaning a store found and did, or would do.</summary>
public sealed record CollectReport
{
    /// <summary>Manifests that were read.</summary>
    public int Images { get; internal set; }

    /// <summary>Packs and indexes in the store, before anything was done.</summary>
    public ObjectSum Stored { get; internal set; }

    /// <summary>Those of them that an image leads to.</summary>
    public ObjectSum Reachable { get; internal set; }

    /// <summary>Those that nothing leads to and that are too young to be marked: perhaps a publish is about to name them.</summary>
    public ObjectSum Young { get; internal set; }

    /// <summary>Those that were marked in this run.</summary>
    public ObjectSum Marked { get; internal set; }

    /// <summary>Those that were marked before and whose grace period is not over.</summary>
    public ObjectSum Waiting { get; internal set; }

    /// <summary>Those that were deleted.</summary>
    public ObjectSum Deleted { get; internal set; }

    /// <summary>Marked ones that an image leads to after all, and whose marks were withdrawn.</summary>
    public ObjectSum Spared { get; internal set; }

    /// <summary>Temporary objects and files, uploads that broke off, and deltas to images that are no more, that were removed.</summary>
    public ObjectSum Leftovers { get; internal set; }

    /// <summary>Packs whose content in use was written anew.</summary>
    public ObjectSum Repacked { get; internal set; }

    /// <summary>Bytes of packs and indexes that were written for that.</summary>
    public long BytesWritten { get; internal set; }

    /// <summary>Images whose manifests name other packs now.</summary>
    public int ImagesRewritten { get; internal set; }

    /// <summary>Images that nobody can read, and packs that were to be written anew and are damaged; they stay as they are.</summary>
    public IReadOnlyList<StoreException> Damages { get; private set; } = [];

    internal void AddDamage(StoreException damage) => Damages = [.. Damages, damage];

    /// <summary>False when the work took so long that what was seen at its begin was too old to act on all of it: another run does the rest.</summary>
    public bool Complete { get; internal set; } = true;

    /// <summary>When the first of what is marked may be deleted, by the store's clock. Null: nothing is marked.</summary>
    public DateTimeOffset? NextDue { get; internal set; }
}
