using System;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What cleaning a store found and did, or with <c>-WhatIf</c> would do.</summary>
public sealed class VmImageStoreOptimization
{
    internal VmImageStoreOptimization(StoreSelection store, OptimizeResult result)
    {
        Store = store.Name;
        Uri = result.Uri;
        WhatIf = result.WhatIf;
        Images = result.Images;
        StoredObjects = result.StoredObjects;
        StoredBytes = result.StoredBytes;
        ReachableObjects = result.ReachableObjects;
        ReachableBytes = result.ReachableBytes;
        YoungObjects = result.YoungObjects;
        YoungBytes = result.YoungBytes;
        MarkedObjects = result.MarkedObjects;
        MarkedBytes = result.MarkedBytes;
        WaitingObjects = result.WaitingObjects;
        WaitingBytes = result.WaitingBytes;
        DeletedObjects = result.DeletedObjects;
        DeletedBytes = result.DeletedBytes;
        SparedObjects = result.SparedObjects;
        SparedBytes = result.SparedBytes;
        LeftoverObjects = result.LeftoverObjects;
        LeftoverBytes = result.LeftoverBytes;
        RepackedPacks = result.RepackedPacks;
        RepackedBytes = result.RepackedBytes;
        BytesWritten = result.BytesWritten;
        ImagesRewritten = result.ImagesRewritten;
        NextDue = result.NextDue is { } due ? WireTime.Read(due) : null;
        Complete = result.Complete;
        Duration = TimeSpan.FromSeconds(result.DurationSeconds);
    }

    /// <summary>What selects the store as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Store { get; }

    /// <summary>The store's location as the engine understood it.</summary>
    public string Uri { get; }

    /// <summary>True when nothing was changed, and the numbers say what would have been.</summary>
    public bool WhatIf { get; }

    /// <summary>Published versions that were read.</summary>
    public int Images { get; }

    /// <summary>Packs and indexes in the store before anything was done, how many.</summary>
    public long StoredObjects { get; }

    /// <summary>Packs and indexes in the store before anything was done, their bytes.</summary>
    public long StoredBytes { get; }

    /// <summary>Those of them that an image leads to, how many.</summary>
    public long ReachableObjects { get; }

    /// <summary>Those of them that an image leads to, their bytes.</summary>
    public long ReachableBytes { get; }

    /// <summary>Those that nothing leads to and that are too young to be marked, how many.</summary>
    public long YoungObjects { get; }

    /// <summary>Those that nothing leads to and that are too young to be marked, their bytes.</summary>
    public long YoungBytes { get; }

    /// <summary>Those that were marked by this run, how many.</summary>
    public long MarkedObjects { get; }

    /// <summary>Those that were marked by this run, their bytes.</summary>
    public long MarkedBytes { get; }

    /// <summary>Those that were marked before and whose grace period is not over, how many.</summary>
    public long WaitingObjects { get; }

    /// <summary>Those that were marked before and whose grace period is not over, their bytes.</summary>
    public long WaitingBytes { get; }

    /// <summary>Those that were deleted, how many.</summary>
    public long DeletedObjects { get; }

    /// <summary>Those that were deleted, their bytes.</summary>
    public long DeletedBytes { get; }

    /// <summary>Marked ones that an image leads to after all, whose marks were withdrawn, how many.</summary>
    public long SparedObjects { get; }

    /// <summary>Marked ones that an image leads to after all, whose marks were withdrawn, their bytes.</summary>
    public long SparedBytes { get; }

    /// <summary>Temporary objects and uploads that broke off, which were removed, how many.</summary>
    public long LeftoverObjects { get; }

    /// <summary>Temporary objects and uploads that broke off, which were removed, their bytes.</summary>
    public long LeftoverBytes { get; }

    /// <summary>Packs whose content in use was written anew.</summary>
    public long RepackedPacks { get; }

    /// <summary>Bytes in those packs that were in use.</summary>
    public long RepackedBytes { get; }

    /// <summary>Bytes of packs and indexes written for that.</summary>
    public long BytesWritten { get; }

    /// <summary>Published versions whose manifests name other packs now.</summary>
    public int ImagesRewritten { get; }

    /// <summary>When the first of what is marked may be deleted, by the store's clock. Null: nothing is marked.</summary>
    public DateTime? NextDue { get; }

    /// <summary>False when the work took too long to act on all that was seen at its begin: another run does the rest.</summary>
    public bool Complete { get; }

    /// <summary>Time it took.</summary>
    public TimeSpan Duration { get; }
}
