using ImageFabric.Store.FanOut;
using ImageFabric.Store.Format;
using ImageFabric.Store.Publish;

namespace ImageFabric.Store.Pull;

/// <summary>How an image is brought into a file.</summary>
public sealed record PullOptions
{
    /// <summary>Format of the file: <c>raw</c> or <c>qcow2</c>.</summary>
    public string Format { get; init; } = "raw";

    /// <summary>Bytes of the disk's logical sectors, 512 or 4096, which a VHDX says.</summary>
    public int SectorSize { get; init; } = 512;

    /// <summary>Disk image files whose chunks are taken instead of fetched; earlier ones are preferred.</summary>
    public IReadOnlyList<PullSeed> Seeds { get; init; } = [];

    /// <summary>Deltas that lead to the image; of those that start from a seed, less is fetched. A fan-out, where hosts give each other what is in packs, takes none.</summary>
    public IReadOnlyList<PullDelta> Deltas { get; init; } = [];

    /// <summary>Told in a sentence of a delta that is of no use; the pull does without it.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Chunks whose places on a seed are kept in memory at the same time, 1 or more, at 22 bytes each: an image of more chunks takes several passes over the seed.</summary>
    internal int SeedChunks { get; init; } = 3 * 1024 * 1024;

    /// <summary>Range reads at the same time, 1 to 64. Each takes up to 5 MB of memory.</summary>
    public int Reads { get; init; } = 8;

    /// <summary>Takes part in a fan-out: pieces come from where they are ordered, and go to other hosts. Null: all comes from the store.</summary>
    public FanOutOptions? FanOut { get; init; }

    /// <summary>Told how many bytes of the disk are in place, of how many.</summary>
    public IProgress<TransferProgress>? Progress { get; init; }
}

/// <summary>A disk image file that is here already.</summary>
/// <param name="Path">The file.</param>
/// <param name="ReadIndex">Reads the list of its chunks when its turn comes; from a seed whose list cannot be read, nothing is taken. Null: there is none, and the file is read and cut.</param>
public sealed record PullSeed(string Path, Func<CancellationToken, Task<ImageIndex?>>? ReadIndex);

/// <summary>A delta that leads to the image.</summary>
/// <param name="From">The image that it starts from.</param>
/// <param name="Length">Its bytes.</param>
public sealed record PullDelta(ImageId From, long Length);

/// <summary>What a pull did.</summary>
/// <param name="BytesFetched">Bytes read from packs and deltas.</param>
/// <param name="BytesReused">Bytes of the disk that were here already: in seeds, or in what an interrupted pull left.</param>
/// <param name="BytesFromHosts">Bytes taken from other hosts.</param>
public sealed record PullOutcome(long BytesFetched, long BytesReused, long BytesFromHosts = 0);
