using System.Buffers.Binary;

namespace ImageFabric.Disks.Vhdx;

/// <summary>A valid entry of the log. Section 2.3.1.</summary>
/// <param name="FirstSector">Where it begins, in sectors of the log.</param>
/// <param name="Sectors">How many it takes; the log is a ring.</param>
/// <param name="Tail">The sector at which the sequence begins that has this entry as its last.</param>
/// <param name="SequenceNumber">One more than that of the entry before.</param>
/// <param name="DescriptorCount">How many descriptors follow the entry's header.</param>
/// <param name="FlushedFileOffset">The file was at least this long, for certain, when the entry was written.</param>
/// <param name="LastFileOffset">All that was in the file then lies before this.</param>
internal sealed record LogEntry(
    int FirstSector, int Sectors, int Tail, ulong SequenceNumber, int DescriptorCount, ulong FlushedFileOffset, ulong LastFileOffset)
{
    public const int SectorLength = 4096;
    private const int HeaderLength = 64;
    private const int DescriptorLength = 32;

    /// <summary>Sectors that hold the header and the descriptors; the sectors of data follow.</summary>
    public int DescriptorSectors => DescriptorSectorsOf(DescriptorCount);

    /// <summary>The valid entry that begins at a sector; null when there is none.</summary>
    /// <remarks>
    /// No sector of an entry but its first begins like an entry, and this is looked at before anything is summed up. So looking for an entry at every
    /// sector of a log costs no more than a few passes through it, whatever the log holds.
    /// </remarks>
    public static LogEntry? TryRead(LogRing log, int sector, Guid logGuid)
    {
        ReadOnlySpan<byte> header = log.Sector(sector);
        uint entryLength = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        uint tail = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        ulong sequenceNumber = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        uint descriptors = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
        if (!header.StartsWith("loge"u8) || new Guid(header.Slice(32, 16)) != logGuid || sequenceNumber == 0)
            return null;
        if (entryLength == 0 || entryLength % SectorLength != 0 || entryLength > log.Length || tail % SectorLength != 0 || tail >= log.Length)
            return null;
        if (descriptors > (entryLength - HeaderLength) / DescriptorLength)
            return null;

        var entry = new LogEntry(
            sector,
            (int)(entryLength / SectorLength),
            (int)(tail / SectorLength),
            sequenceNumber,
            (int)descriptors,
            BinaryPrimitives.ReadUInt64LittleEndian(header[48..]),
            BinaryPrimitives.ReadUInt64LittleEndian(header[56..]));
        return entry.DescriptorsAreValid(log) && entry.ChecksumIsRight(log) ? entry : null;
    }

    /// <summary>The descriptors, in order.</summary>
    public LogDescriptor Descriptor(LogRing log, int index)
    {
        int place = HeaderLength + (index * DescriptorLength);
        ReadOnlySpan<byte> bytes = log.Sector(FirstSector + (place / SectorLength)).Slice(place % SectorLength, DescriptorLength);
        return new LogDescriptor(
            bytes.StartsWith("zero"u8),
            bytes.StartsWith("desc"u8),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
    }

    private static int DescriptorSectorsOf(long count) => (int)((HeaderLength + (count * DescriptorLength) + SectorLength - 1) / SectorLength);

    private bool DescriptorsAreValid(LogRing log)
    {
        int dataSectors = 0;
        for (int i = 0; i < DescriptorCount; i++)
        {
            LogDescriptor descriptor = Descriptor(log, i);
            if (!(descriptor.IsZero || descriptor.IsData) || descriptor.SequenceNumber != SequenceNumber || descriptor.FileOffset % SectorLength != 0)
                return false;
            if (descriptor.IsZero && descriptor.LeadingBytesOrZeroLength % SectorLength != 0)
                return false;
            dataSectors += descriptor.IsData ? 1 : 0;
        }

        if (DescriptorSectors + dataSectors > Sectors)
            return false;
        for (int i = DescriptorSectors; i < Sectors; i++)
        {
            ReadOnlySpan<byte> sector = log.Sector(FirstSector + i);
            if (i < DescriptorSectors + dataSectors ? !IsDataSector(sector) : sector.StartsWith("loge"u8))
                return false;
        }

        return true;
    }

    // Section 2.3.1.4.
    private bool IsDataSector(ReadOnlySpan<byte> sector) =>
        sector.StartsWith("data"u8)
        && BinaryPrimitives.ReadUInt32LittleEndian(sector[4..]) == (uint)(SequenceNumber >> 32)
        && BinaryPrimitives.ReadUInt32LittleEndian(sector[^4..]) == (uint)SequenceNumber;

    private bool ChecksumIsRight(LogRing log)
    {
        ReadOnlySpan<byte> header = log.Sector(FirstSector);
        uint crc = VhdxFormat.Crc32C(uint.MaxValue, header[..4]);
        crc = VhdxFormat.Crc32C(crc, stackalloc byte[4]);
        crc = VhdxFormat.Crc32C(crc, header[8..]);
        for (int i = 1; i < Sectors; i++)
            crc = VhdxFormat.Crc32C(crc, log.Sector(FirstSector + i));
        return ~crc == BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
    }
}

/// <summary>A descriptor of a log entry: a sector of data, or a range of zeros. Sections 2.3.1.2 and 2.3.1.3.</summary>
/// <param name="IsZero">It is a range of zeros.</param>
/// <param name="IsData">It is a sector of data.</param>
/// <param name="TrailingBytes">Of data: the last 4 bytes of the sector, as they stand.</param>
/// <param name="LeadingBytesOrZeroLength">Of data: the first 8 bytes of the sector, as they stand; of zeros: how many.</param>
/// <param name="FileOffset">Where in the file they belong.</param>
/// <param name="SequenceNumber">That of the entry.</param>
internal readonly record struct LogDescriptor(
    bool IsZero, bool IsData, uint TrailingBytes, ulong LeadingBytesOrZeroLength, ulong FileOffset, ulong SequenceNumber);

/// <summary>The bytes of the log, a ring of sectors.</summary>
internal sealed class LogRing(byte[] bytes)
{
    public int Length => bytes.Length;

    public int Sectors => bytes.Length / LogEntry.SectorLength;

    /// <summary>Where in the log's bytes a sector is; numbers behind the last go on with the first.</summary>
    public int OffsetOf(int sector) => sector % Sectors * LogEntry.SectorLength;

    public Span<byte> Sector(int sector) => bytes.AsSpan(OffsetOf(sector), LogEntry.SectorLength);

    public ReadOnlyMemory<byte> Bytes(int offset, int length) => bytes.AsMemory(offset, length);
}
