using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Compression;
using ImageFabric.Disks.Compression;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Qcow2;

/// <summary>Decompresses clusters.</summary>
internal sealed class CompressedClusters(SourceFile file, Qcow2Header header) : IDisposable
{
    private readonly ConcurrentBag<ZstdCodec> codecs = [];

    /// <summary>Fills the destination from a segment that is a whole compressed cluster.</summary>
    /// <exception cref="DiskException">The cluster is damaged or cannot be read.</exception>
    public async ValueTask DecompressAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken)
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

    public void Dispose()
    {
        while (codecs.TryTake(out ZstdCodec? codec))
            codec.Dispose();
    }

    // Raw deflate (RFC 1951). Decompression stops when it has produced a cluster; the last sector's rest belongs to others.
    private static bool InflateZlib(byte[] input, int length, Span<byte> destination)
    {
        using var stream = new DeflateStream(new MemoryStream(input, 0, length, writable: false), CompressionMode.Decompress);
        try
        {
            return stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) == destination.Length;
        }
        catch (Exception damaged) when (damaged is InvalidDataException or IOException)
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
