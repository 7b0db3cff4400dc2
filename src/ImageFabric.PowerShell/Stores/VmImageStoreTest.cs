using System.Collections.Generic;
using System.Linq;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What a store answered when it was tested.</summary>
public sealed class VmImageStoreTest
{
    internal VmImageStoreTest(StoreSelection store, ProbeResult probe, IReadOnlyList<VerifyResult>? readBack)
    {
        Store = store.Name;
        Uri = probe.Uri;
        RepositoryId = probe.RepositoryId;
        FormatVersion = probe.FormatVersion;
        ConditionalWrites = probe.ConditionalWrites;
        if (readBack is not null)
        {
            ImagesVerified = readBack.Count(static image => image.Name.Length > 0 && image.Damaged is null);
            PacksVerified = readBack.Sum(static image => image.PacksVerified);
            BytesRead = readBack.Sum(static image => image.BytesFetched);
            Damage = [.. readBack.SelectMany(static image => image.Damaged ?? []).GroupBy(static one => one.Key).Select(static one => new VmImageDamage(one.First()))];
        }

        Checks = System.Array.ConvertAll(probe.Checks ?? [], static check => new VmImageStoreCheck(check));
    }

    /// <summary>What selects the store as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Store { get; }

    /// <summary>The store's location as the engine understood it.</summary>
    public string Uri { get; }

    /// <summary>Id made when the store was.</summary>
    public string RepositoryId { get; }

    /// <summary>Version of the store format.</summary>
    public int FormatVersion { get; }

    /// <summary>True when the service itself lets exactly one of two publishers of one version win.</summary>
    public bool ConditionalWrites { get; }

    /// <summary>Images that were read back and are whole. Null without <c>-Deep</c>.</summary>
    public int? ImagesVerified { get; }

    /// <summary>Packs found good, counted once for each image that needs them. Null without <c>-Deep</c>.</summary>
    public int? PacksVerified { get; }

    /// <summary>Bytes read for that. Null without <c>-Deep</c>.</summary>
    public long? BytesRead { get; }

    /// <summary>What is damaged or lost. Empty when nothing is; null without <c>-Deep</c>.</summary>
    public VmImageDamage[]? Damage { get; }

    /// <summary>What was looked at, and what follows where the store does not do what is wanted.</summary>
    public VmImageStoreCheck[] Checks { get; }
}
