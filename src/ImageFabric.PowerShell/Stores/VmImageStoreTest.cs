using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What a store answered when it was tested.</summary>
public sealed class VmImageStoreTest
{
    internal VmImageStoreTest(StoreSelection store, ProbeResult probe)
    {
        Store = store.Name;
        Uri = probe.Uri;
        RepositoryId = probe.RepositoryId;
        FormatVersion = probe.FormatVersion;
        ConditionalWrites = probe.ConditionalWrites;
    }

    /// <summary>What selects the store as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Store { get; }

    /// <summary>The store's location as the engine understood it.</summary>
    public string Uri { get; }

    /// <summary>Id made when the store was.</summary>
    public string RepositoryId { get; }

    /// <summary>Version of the store format.</summary>
    public int FormatVersion { get; }

    /// <summary>True when of two publishers of one version exactly one wins.</summary>
    public bool ConditionalWrites { get; }
}
