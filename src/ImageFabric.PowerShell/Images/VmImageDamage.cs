using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>An object of a store that is not what it should be.</summary>
public sealed class VmImageDamage
{
    internal VmImageDamage(DamagedObject damaged)
    {
        Key = damaged.Key;
        ErrorId = damaged.Damage;
        Message = damaged.Message;
    }

    /// <summary>Key of the object in the store.</summary>
    public string Key { get; }

    /// <summary>Stable id: <c>PackCorrupt</c>, <c>IndexCorrupt</c>, <c>ManifestCorrupt</c> or <c>ObjectMissing</c>.</summary>
    public string ErrorId { get; }

    /// <summary>What is wrong, in one sentence.</summary>
    public string Message { get; }

    /// <summary>Id and key.</summary>
    public override string ToString() => $"{ErrorId}: {Key}";
}
