using ImageFabric.Disks;
using ImageFabric.Store.Format;
using ImageFabric.Store.Publish;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Store.Pull;

/// <summary>A disk image file that is here already, and the list of its chunks.</summary>
internal sealed class SeedImage : IDisposable
{
    private readonly bool ownsChunks;

    private SeedImage(ILogicalDisk disk, SafeFileHandle? raw, ChunkRows chunks, ImageId id, bool ownsChunks)
    {
        this.ownsChunks = ownsChunks;
        Disk = disk;
        Raw = raw;
        Chunks = chunks;
        Id = id;
    }

    public ILogicalDisk Disk { get; }

    /// <summary>The file, if every byte of the disk lies at its own offset in it: that is so in a raw one alone.</summary>
    public SafeFileHandle? Raw { get; }

    /// <summary>Its chunks in the order of the disk, as somebody said: what is taken is checked.</summary>
    public ChunkRows Chunks { get; }

    /// <summary>The image that these chunks are.</summary>
    public ImageId Id { get; }

    /// <summary>Opens a seed, and reads and cuts it when there is no list of its chunks.</summary>
    /// <returns>Null when its list cannot be read.</returns>
    /// <exception cref="DiskException">The file cannot be read.</exception>
    public static async Task<SeedImage?> OpenAsync(PullSeed seed, ChunkingProfile profile, CancellationToken cancellationToken)
    {
        ImageIndex? index = null;
        if (seed.ReadIndex is not null)
        {
            index = await seed.ReadIndex(cancellationToken).ConfigureAwait(false);
            if (index is null)
                return null;
        }

        // A seed with a list of its chunks is a host's own image.
        ILogicalDisk disk = await (index is null ? DiskImage.OpenAsync(seed.Path, DiskPolicy.Default, cancellationToken) : DiskImage.OpenOwnAsync(seed.Path, cancellationToken)).ConfigureAwait(false);
        try
        {
            (ChunkRows chunks, ImageId id) = index is not null ? (index.Chunks, index.ImageId) : await CutAsync(disk, profile, cancellationToken).ConfigureAwait(false);
            return new SeedImage(disk, disk.Format == "raw" ? File.OpenHandle(seed.Path) : null, chunks, id, ownsChunks: index is null);
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (ownsChunks)
            Chunks.Dispose();
        Raw?.Dispose();
        Disk.Dispose();
    }

    private static async Task<(ChunkRows Chunks, ImageId Id)> CutAsync(ILogicalDisk disk, ChunkingProfile profile, CancellationToken cancellationToken)
    {
        var chunks = new ChunkRows();
        using var id = new ImageId.Hasher(disk.Length);
        await foreach (DiskSegment segment in DiskChunker.ReadAsync(disk, profile, cancellationToken).ConfigureAwait(false))
        {
            using (segment)
            {
                for (int c = 0; c < segment.Chunks.Count; c++)
                {
                    chunks.Add(new IndexedChunk(segment.Chunks[c].Offset, segment.Chunks[c].Length, segment.Digests[c], frame: 0, offsetInFrame: 0));
                    id.Append(segment.Chunks[c].Offset, segment.Chunks[c].Length, segment.Digests[c]);
                }
            }
        }

        return (chunks, id.Finish());
    }
}
