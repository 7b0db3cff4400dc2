using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Repair;

/// <summary>Takes the content of a chunk: its number in the order of the disk, and its bytes.</summary>
public delegate ValueTask ChunkContent(int chunk, ReadOnlyMemory<byte> content);

/// <summary>Somebody who may have an image whose data a store lost: another store, or a host.</summary>
public interface IRepairDonor
{
    /// <summary>What it is called for people.</summary>
    string Name { get; }

    /// <summary>The very object, or null when the donor does not have it. The caller holds it to the digest in its key, and disposes of it.</summary>
    Task<SpooledObject?> TryReadObjectAsync(string key, ImageId image, CancellationToken cancellationToken);

    /// <summary>Gives of the chunks of an image those that it has. The caller holds each to its digest.</summary>
    /// <param name="image">The image.</param>
    /// <param name="chunks">Their numbers in the order of the disk.</param>
    /// <param name="take">Gets each, one at a time.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task ReadChunksAsync(ImageId image, IReadOnlyList<int> chunks, ChunkContent take, CancellationToken cancellationToken);
}
