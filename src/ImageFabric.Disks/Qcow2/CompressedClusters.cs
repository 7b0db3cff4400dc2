using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Compression;
using ImageFabric.Disks.Compression;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Qcow2;

/// <summary>Reads compressed clusters. A cluster of which only a part is asked for is kept for a while, since the next read will want the rest.</summary>
internal sealed class CompressedClusters : IDisposable
{
    private const int CachedBytes = 16 << 20;

    private readonly SourceFile file;
    private readonly Qcow2Header header;
    private readonly ClusterMap map;
    private readonly RecentlyUsed<byte[]> clusters;
    private readonly ConcurrentBag<ZstdCodec> codecs = [];

    public CompressedClusters(SourceFile file, Qcow2Header header, ClusterMap map)
    {
        this.file = file;
        this.header = header;
        this.map = map;
        clusters = new RecentlyUsed<byte[]>(Math.Max(4, CachedBytes / header.ClusterSize), LoadAsync);
    }

    /// <summary>Fills the destination from a segment of the same length.</summary>
    /// <exception cref="DiskException">The cluster is damaged or cannot be read.</exception>
    public async ValueTask ReadAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken)
    {
        long clusterOffset = segment.Offset & -header.ClusterSize;
        if (segment.Length == header.ClusterSize && !clusters.TryGet(clusterOffset, out _))
        {
            await DecompressAsync(segment, destination, cancellationToken).ConfigureAwait(false);
            return;
        }

        byte[] cluster = await clusters.GetAsync(clusterOffset, cancellationToken).ConfigureAwait(false);
        cluster.AsMemory((int)(segment.Offset - clusterOffset), (int)segment.Length).CopyTo(destination);
    }

    public void Dispose()
    {
        while (codecs.TryTake(out ZstdCodec? codec))
            codec.Dispose();
    }

    private async Task<byte[]> LoadAsync(long clusterOffset, CancellationToken cancellationToken)
    {
        byte[] cluster = GC.AllocateUninitializedArray<byte>(header.ClusterSize);
        Segment whole = await map.NextAsync(clusterOffset, clusterOffset + header.ClusterSize, cancellationToken).ConfigureAwait(false);
        await DecompressAsync(whole, cluster, cancellationToken).ConfigureAwait(false);
        return cluster;
    }

    private async ValueTask DecompressAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken)
    {
        byte[] input = ArrayPool<byte>.Shared.Rent(segment.StoredLength);
        try
        {
            // What the last sector has behind the end of the file reads as zero, so it need not be there to be left out.
            int length = (int)Math.Min(segment.StoredLength, file.Length - segment.FileOffset);
            await file.ReadAsync(segment.FileOffset, input.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            bool whole = header.CompressedWithZstd
                ? InflateZstd(input.AsSpan(0, length), destination.Span)
                : InflateZlib(input, length, destination.Span);
            if (!whole)
                throw new DiskException("ImageCorrupt", file.Path, "A compressed cluster does not decompress to a cluster.", segment.FileOffset);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }

    // Raw deflate (RFC 1951). Decompression stops when it has produced a cluster; the last sector's rest belongs to others.
    private static bool InflateZlib(byte[] input, int length, Span<byte> destination)
    {
        using var stream = new DeflateStream(new MemoryStream(input, 0, length, writable: false), CompressionMode.Decompress);
        try
        {
            return stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) == destination.Length;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private bool InflateZstd(ReadOnlySpan<byte> input, Span<byte> destination)
    {
        int frame = ZstdFrame.Measure(input);
        if (frame < 0)
            return false;
        if (!codecs.TryTake(out ZstdCodec? codec))
            codec = new ZstdCodec();
        int produced = codec.Decompress(input[..frame], destination);
        codecs.Add(codec);
        return produced == destination.Length;
    }
}
