using System.Buffers.Binary;
using ImageFabric.Disks.Vhdx;

namespace ImageFabric.Disks.Tests;

/// <summary>Makes a log as a system leaves it that lost power: entries by the specification, written independently of the code that reads them.</summary>
internal sealed class VhdxLogCraft(string path, Guid logGuid)
{
    private const int SectorLength = 4096;
    private readonly VhdxPatch patch = new(path);

    /// <summary>Says in both headers that the log is not empty.</summary>
    public void MarkHeaders() => patch.ChangeHeaders(header => logGuid.TryWriteBytes(header.AsSpan(48)));

    /// <summary>The bytes of an entry.</summary>
    /// <param name="sequenceNumber">Greater than 0.</param>
    /// <param name="tailSector">Sector of the log in which the sequence begins.</param>
    /// <param name="changes">Place in the file, and 4096 bytes or null for as many zeros as the length says.</param>
    public byte[] Entry(ulong sequenceNumber, int tailSector, params (long Offset, byte[]? Data, long ZeroLength)[] changes) =>
        Entry(sequenceNumber, tailSector, new FileInfo(path).Length, new FileInfo(path).Length, changes);

    public byte[] Entry(
        ulong sequenceNumber, int tailSector, long flushedFileOffset, long lastFileOffset, params (long Offset, byte[]? Data, long ZeroLength)[] changes)
    {
        int descriptorSectors = (64 + (changes.Length * 32) + SectorLength - 1) / SectorLength;
        byte[] entry = new byte[(descriptorSectors + changes.Count(change => change.Data is not null)) * SectorLength];
        "loge"u8.CopyTo(entry);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(8), entry.Length);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(12), tailSector * SectorLength);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(16), sequenceNumber);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(24), changes.Length);
        logGuid.TryWriteBytes(entry.AsSpan(32));
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(48), flushedFileOffset);
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(56), lastFileOffset);
        int sector = descriptorSectors;
        for (int i = 0; i < changes.Length; i++)
        {
            (long offset, byte[]? data, long zeroLength) = changes[i];
            Span<byte> descriptor = entry.AsSpan(64 + (i * 32), 32);
            (data is null ? "zero"u8 : "desc"u8).CopyTo(descriptor);
            BinaryPrimitives.WriteInt64LittleEndian(descriptor[8..], zeroLength);
            BinaryPrimitives.WriteInt64LittleEndian(descriptor[16..], offset);
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor[24..], sequenceNumber);
            if (data is null)
                continue;
            data.AsSpan(^4..).CopyTo(descriptor[4..]);
            data.AsSpan(0, 8).CopyTo(descriptor[8..]);
            Span<byte> place = entry.AsSpan(sector++ * SectorLength, SectorLength);
            data.CopyTo(place);
            "data"u8.CopyTo(place);
            BinaryPrimitives.WriteUInt32LittleEndian(place[4..], (uint)(sequenceNumber >> 32));
            BinaryPrimitives.WriteUInt32LittleEndian(place[^4..], (uint)sequenceNumber);
        }

        VhdxFormat.SetChecksum(entry);
        return entry;
    }

    /// <summary>Writes an entry into the ring, around its end if need be.</summary>
    /// <returns>The sector behind it.</returns>
    public int Write(int sector, byte[] entry)
    {
        int sectors = patch.LogLength / SectorLength;
        for (int at = 0; at < entry.Length; at += SectorLength, sector++)
            patch.Write(patch.LogOffset + (sector % sectors * SectorLength), entry[at..(at + SectorLength)]);
        return sector % sectors;
    }
}
