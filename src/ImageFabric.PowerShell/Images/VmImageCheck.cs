using System;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What reading a published image back came to.</summary>
public sealed class VmImageCheck
{
    internal VmImageCheck(VerifyResult result, string? store)
    {
        Name = result.Name;
        Version = result.Version;
        ImageId = result.ImageId;
        ChunksVerified = result.ChunksVerified;
        PacksVerified = result.PacksVerified;
        BytesRead = result.BytesFetched;
        Damage = Array.ConvertAll(result.Damaged ?? [], static one => new VmImageDamage(one));
        Duration = TimeSpan.FromSeconds(result.DurationSeconds);
        Store = store;
    }

    /// <summary>Name of the image.</summary>
    public string Name { get; }

    /// <summary>Version of the image.</summary>
    public string Version { get; }

    /// <summary><c>name:version</c>, as <c>-Image</c> takes it.</summary>
    public string Image => $"{Name}:{Version}";

    /// <summary><c>sha256:…</c> of the content that it should have.</summary>
    public string ImageId { get; }

    /// <summary>True when everything is what was published.</summary>
    public bool Intact => Damage.Length == 0;

    /// <summary>What is damaged or lost; empty when nothing is.</summary>
    public VmImageDamage[] Damage { get; }

    /// <summary>Chunks of the disk that were found good.</summary>
    public long ChunksVerified { get; }

    /// <summary>Packs that were found good.</summary>
    public int PacksVerified { get; }

    /// <summary>Bytes read from the store; what was read for another image of the same command is not read again.</summary>
    public long BytesRead { get; }

    /// <summary>Time it took.</summary>
    public TimeSpan Duration { get; }

    /// <summary>What selects the store as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Store { get; }

    /// <summary><c>name:version</c>.</summary>
    public override string ToString() => Image;
}
