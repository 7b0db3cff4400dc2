using System.Buffers;
using System.IO.Compression;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Mapping;

namespace ImageFabric.Disks.Vmdk;

/// <summary>Decompresses grains: a marker and a zlib stream (RFC 1950) each.</summary>
internal sealed class CompressedGrains(SourceFile file, VmdkHeader header, MetadataRegions regions)
{
    // Most grains compress to less than this, so that one read is enough.
    private const int FirstRead = 32 << 10;

    /// <summary>Fills the destination from a segment that is a whole compressed grain.</summary>
    /// <exception cref="DiskException">The grain is damaged or cannot be read.</exception>
    public async ValueTask DecompressAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken)
    {
        byte[] input = ArrayPool<byte>.Shared.Rent(segment.StoredLength);
        try
        {
            int present = Math.Min(FirstRead, segment.StoredLength);
            await file.ReadAsync(segment.FileOffset, input.AsMemory(0, present), cancellationToken).ConfigureAwait(false);
            GrainMarker marker = GrainMarker.Read(input);
            if (marker.Sector != (ulong)(segment.Offset / VmdkHeader.SectorSize))
                throw Corrupt(segment, "A compressed grain belongs to another place of the disk");
            if (marker.Size == 0 || marker.Size > segment.StoredLength - GrainMarker.Length)
                throw Corrupt(segment, "A compressed grain leaves the file, or is larger than twice a grain");
            int length = GrainMarker.Length + (int)marker.Size;
            if (!regions.AreOutside(segment.FileOffset, length))
                throw Corrupt(segment, "A compressed grain overlaps one of the file's tables");
            if (length > present)
                await file.ReadAsync(segment.FileOffset + present, input.AsMemory(present, length - present), cancellationToken).ConfigureAwait(false);

            // The stream of the last grain may end with the disk.
            long needed = Math.Min(header.GrainSize, header.Capacity - segment.Offset);
            if (Inflate(input, GrainMarker.Length, (int)marker.Size, destination.Span) < needed)
                throw Corrupt(segment, "A compressed grain does not decompress to a grain");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }

    // How many bytes the stream has; -1 when it is damaged or has more than the destination. What zlib has no name for, .NET throws as an IOException.
    private static int Inflate(byte[] input, int offset, int count, Span<byte> destination)
    {
        using var stream = new ZLibStream(new MemoryStream(input, offset, count, writable: false), CompressionMode.Decompress);
        try
        {
            int length = stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
            return stream.ReadByte() < 0 ? length : -1;
        }
        catch (Exception damaged) when (damaged is InvalidDataException or IOException)
        {
            return -1;
        }
    }

    private DiskException Corrupt(Segment segment, string what) => new("ImageCorrupt", file.Path, what + ".", segment.FileOffset);
}
