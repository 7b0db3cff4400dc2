using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ImageFabric.Disks.Vmdk;

namespace ImageFabric.Disks.Packed;

/// <summary>
/// Writes a VMDK of the subformat streamOptimized. "Virtual Disk Format 5.0", section "Stream-Optimized Compressed Sparse Extents": grains in the disk's
/// order, each grain table behind its grains, then the grain directory, the footer, and the end-of-stream marker.
/// </summary>
internal sealed class StreamOptimizedWriter(ILogicalDisk disk, AppendedFile file)
{
    private const int GrainLength = 1 << 16;
    private const int DescriptorLength = 20 * VmdkHeader.SectorSize;

    // "overHead" of the specification: where the first grain is.
    private const int FirstGrain = 128 * VmdkHeader.SectorSize;

    private const uint GrainTableMarker = 1;
    private const uint GrainDirectoryMarker = 2;
    private const uint FooterMarker = 3;

    /// <summary>gdOffset of a header whose grain directory is named by the footer.</summary>
    private const ulong DirectoryAtEnd = ulong.MaxValue;

    private readonly long size = (disk.Length + VmdkHeader.SectorSize - 1) / VmdkHeader.SectorSize * VmdkHeader.SectorSize;
    private readonly uint[] table = new uint[VmdkHeader.MostTableEntries];
    private bool tableUsed;

    public async Task WriteAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        file.Align(FirstGrain);
        byte[] front = new byte[FirstGrain];
        await file.AppendAsync(front, cancellationToken).ConfigureAwait(false);
        uint[] directory = new uint[(int)((size + ((long)GrainLength * VmdkHeader.MostTableEntries) - 1) / ((long)GrainLength * VmdkHeader.MostTableEntries))];
        long tableNumber = 0;
        await foreach (DiskBlock grain in DiskBlocks.ReadAsync(disk, GrainLength, Deflate, 2 * GrainLength, cancellationToken).ConfigureAwait(false))
        {
            if (grain.Number / VmdkHeader.MostTableEntries != tableNumber)
            {
                directory[tableNumber] = await WriteTableAsync(cancellationToken).ConfigureAwait(false);
                tableNumber = grain.Number / VmdkHeader.MostTableEntries;
            }

            table[grain.Number % VmdkHeader.MostTableEntries] = Sector();
            tableUsed = true;
            await WriteGrainAsync(grain, cancellationToken).ConfigureAwait(false);
            progress?.Report((grain.Number + 1) * GrainLength);
        }

        if (directory.Length > 0)
            directory[tableNumber] = await WriteTableAsync(cancellationToken).ConfigureAwait(false);
        uint directorySector = await WriteEntriesAsync(GrainDirectoryMarker, directory, cancellationToken).ConfigureAwait(false);
        await WriteMarkerAsync(1, FooterMarker, cancellationToken).ConfigureAwait(false);
        await file.AppendAsync(Header(directorySector), cancellationToken).ConfigureAwait(false);
        await WriteMarkerAsync(0, 0, cancellationToken).ConfigureAwait(false);

        Header(DirectoryAtEnd).CopyTo(front, 0);
        Encoding.ASCII.GetBytes(VmdkTableWriter.Descriptor(size, "streamOptimized", "RDONLY"), front.AsSpan(VmdkHeader.SectorSize, DescriptorLength));
        await file.CompleteAsync(front, cancellationToken).ConfigureAwait(false);
    }

    private static int Deflate(byte[] content, byte[] packed)
    {
        using var stream = new MemoryStream(packed);
        using (var zlib = new ZLibStream(stream, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(content);
        return (int)stream.Position;
    }

    private async ValueTask WriteGrainAsync(DiskBlock grain, CancellationToken cancellationToken)
    {
        byte[] marker = new byte[GrainMarker.Length];
        BinaryPrimitives.WriteInt64LittleEndian(marker, grain.Number * (GrainLength / VmdkHeader.SectorSize));
        BinaryPrimitives.WriteInt32LittleEndian(marker.AsSpan(8), grain.PackedLength);
        await file.AppendAsync(marker, cancellationToken).ConfigureAwait(false);
        await file.AppendAsync(grain.Packed.AsMemory(0, grain.PackedLength), cancellationToken).ConfigureAwait(false);
        file.Align(VmdkHeader.SectorSize);
    }

    // The sector of the table; 0, which means none, when no grain of it was written.
    private async ValueTask<uint> WriteTableAsync(CancellationToken cancellationToken)
    {
        if (!tableUsed)
            return 0;
        uint sector = await WriteEntriesAsync(GrainTableMarker, table, cancellationToken).ConfigureAwait(false);
        Array.Clear(table);
        tableUsed = false;
        return sector;
    }

    private async ValueTask<uint> WriteEntriesAsync(uint marker, uint[] entries, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[((entries.Length * sizeof(uint)) + VmdkHeader.SectorSize - 1) / VmdkHeader.SectorSize * VmdkHeader.SectorSize];
        for (int i = 0; i < entries.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)), entries[i]);
        await WriteMarkerAsync(bytes.Length / VmdkHeader.SectorSize, marker, cancellationToken).ConfigureAwait(false);
        uint sector = Sector();
        await file.AppendAsync(bytes, cancellationToken).ConfigureAwait(false);
        return sector;
    }

    private ValueTask WriteMarkerAsync(long sectors, uint type, CancellationToken cancellationToken)
    {
        byte[] marker = new byte[VmdkHeader.SectorSize];
        BinaryPrimitives.WriteInt64LittleEndian(marker, sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(marker.AsSpan(12), type);
        return file.AppendAsync(marker, cancellationToken);
    }

    private uint Sector()
    {
        long sector = file.Length / VmdkHeader.SectorSize;
        return sector <= uint.MaxValue ? (uint)sector : throw new DiskException("ImageTooLarge", file.Path, "A VMDK file of this image would be larger than the 2 TiB that the format allows.");
    }

    private byte[] Header(ulong directorySector)
    {
        const uint NewlineTest = 1;
        const uint Compressed = 1 << 16;
        const uint Markers = 1 << 17;
        const ushort Deflated = 1;
        byte[] header = new byte[VmdkHeader.SectorSize];
        VmdkHeader.Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), NewlineTest | Compressed | Markers);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(12), size / VmdkHeader.SectorSize);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(20), GrainLength / VmdkHeader.SectorSize);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(28), 1);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(36), DescriptorLength / VmdkHeader.SectorSize);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(44), VmdkHeader.MostTableEntries);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(56), directorySector);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(64), FirstGrain / VmdkHeader.SectorSize);
        "\n \r\n"u8.CopyTo(header.AsSpan(73));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(77), Deflated);
        return header;
    }
}
