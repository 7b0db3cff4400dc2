using ImageFabric.Disks;
using ImageFabric.Store.Format;

namespace ImageFabric.Store.Repair;

/// <summary>Reads chunks of an image from a disk that holds it, such as a host's copy.</summary>
public static class DiskDonation
{
    /// <summary>Gives those of the chunks whose content is what the image's index says.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="index">The image.</param>
    /// <param name="chunks">Numbers in the order of the disk; one that the image does not have is passed over.</param>
    /// <param name="take">Gets each, one at a time.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="DiskException">The disk cannot be read.</exception>
    public static async Task ReadAsync(ILogicalDisk disk, ImageIndex index, IReadOnlyList<int> chunks, ChunkContent take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(chunks);
        ArgumentNullException.ThrowIfNull(take);
        byte[] buffer = new byte[index.Profile.MaximumLength];
        foreach (int number in chunks)
        {
            if (number < 0 || number >= index.Chunks.Length)
                continue;
            IndexedChunk chunk = index.Chunks[number];
            if (chunk.End > disk.Length)
                continue;
            Memory<byte> content = buffer.AsMemory(0, chunk.Length);
            await disk.ReadAsync(chunk.Offset, content, cancellationToken).ConfigureAwait(false);
            if (ChunkDigest.Of(content.Span).Equals(chunk.Digest))
                await take(number, content).ConfigureAwait(false);
        }
    }
}
