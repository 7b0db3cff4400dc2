using ImageFabric.Store.Format;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Copy;

/// <summary>How images are copied from store to store.</summary>
public sealed record CopyOptions
{
    /// <summary>Packs on their way at the same time, 1 to 64. Each takes up to 32 MB of memory.</summary>
    public int Transfers { get; init; } = 4;

    /// <summary>Read no pack and write none: the destination is one that only remembers.</summary>
    public bool PlanOnly { get; init; }

    /// <summary>Told how many bytes of the packs and the index are there, of how many.</summary>
    public IProgress<TransferProgress>? Progress { get; init; }
}

/// <summary>What a copy did.</summary>
/// <param name="Manifest">What stands in the destination.</param>
/// <param name="Created">False when the destination had the image whole before.</param>
/// <param name="BytesCopied">Bytes of packs, index and manifest that were sent.</param>
/// <param name="BytesReused">Bytes of packs that the destination had already.</param>
/// <param name="PacksCopied">Packs sent.</param>
/// <param name="PacksReused">Packs that the destination had already.</param>
public sealed record CopyOutcome(Manifest Manifest, bool Created, long BytesCopied, long BytesReused, int PacksCopied, int PacksReused);
