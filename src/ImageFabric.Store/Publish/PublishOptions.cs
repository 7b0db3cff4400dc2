using ImageFabric.Store.Format;
using ImageFabric.Store.Trust;

namespace ImageFabric.Store.Publish;

/// <summary>What to publish a disk as, and how.</summary>
/// <param name="Image">Name and version; the version is given.</param>
public sealed record PublishOptions(ImageReference Image)
{
    /// <summary>Free labels for the manifest.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Bytes of a logical sector of the disk, for the manifest.</summary>
    public int SectorSize { get; init; } = 512;

    /// <summary><c>GPT</c> or <c>MBR</c>, for the manifest. Null: the disk has no partition table.</summary>
    public string? PartitionTable { get; init; }

    /// <summary>How a machine boots from the disk, for the manifest: <c>BIOS</c>, <c>UEFI</c> or <c>BIOS+UEFI</c>. Null: not known.</summary>
    public string? BootMode { get; init; }

    /// <summary>Signs the manifest. Null: nobody does.</summary>
    public ImageSigner? Signer { get; init; }

    /// <summary>
    /// zstd level, 1 to 19. Null: 2 for the first version of an image, where all of it is compressed, and 3 for others, where what is sent counts more, both fitted to frames.
    /// </summary>
    public int? CompressionLevel { get; init; }

    /// <summary>Packs on their way to the store at the same time, at most, 1 to 64; as many of them as are worth it. Each takes 17 MB of memory.</summary>
    public int Uploads { get; init; } = DefaultUploads;

    /// <summary>The most uploads at the same time when none is asked for.</summary>
    public const int DefaultUploads = 4;

    // Measured: the program, and what is being read, hashed and compressed.
    private const long MemoryOfStages = 112L << 20;
    private const long MemoryOfUpload = 18L << 20;
    private const long LeastForChunks = 16L << 20;

    /// <summary>
    /// Bytes of memory for the whole work. What buffers and uploads leave of it is for chunks whose place is known, 36 bytes for each: those of the
    /// store, and those met on the way. Beyond it less is deduplicated and nothing fails.
    /// </summary>
    public long MemoryBudget { get; init; } = 256L << 20;

    /// <summary>Bytes of <see cref="MemoryBudget"/> for chunks, whatever the rest takes. Null: what the rest leaves.</summary>
    internal long? KnownChunkMemory { get; init; }

    internal long MemoryForChunks => KnownChunkMemory ?? Math.Max(LeastForChunks, MemoryBudget - MemoryOfStages - (Uploads * MemoryOfUpload));

    /// <summary>Where indexes that were read are kept for the next time. Null: nowhere.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Told how many bytes of the disk are done, of how many.</summary>
    public IProgress<TransferProgress>? Progress { get; init; }
}

/// <summary>How far a transfer is.</summary>
/// <param name="Done">Bytes done.</param>
/// <param name="Total">Bytes in all. 0: not known.</param>
public readonly record struct TransferProgress(long Done, long Total)
{
    /// <summary>Of a pull: bytes that are to cross the wire in all. Null until that is known, and for other transfers.</summary>
    public long? ToFetch { get; init; }

    /// <summary>Of a pull: bytes that have crossed the wire.</summary>
    public long Fetched { get; init; }

    /// <summary>Of a pull: bytes of the disk that were here already.</summary>
    public long Reused { get; init; }
}

/// <summary>What a publish did.</summary>
/// <param name="Manifest">What now stands in the store.</param>
/// <param name="Created">False when this very version with this very content was there before.</param>
/// <param name="BytesRead">Bytes of the logical disk that were read.</param>
/// <param name="BytesUploaded">Bytes sent: packs, index and manifest.</param>
/// <param name="BytesReused">Bytes of the logical disk that the store already had.</param>
/// <param name="PacksUploaded">Packs sent.</param>
public sealed record PublishOutcome(Manifest Manifest, bool Created, long BytesRead, long BytesUploaded, long BytesReused, int PacksUploaded);
