using System.Buffers.Binary;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Vhdx;

/// <summary>Replays the log of a file that was not closed properly, in memory alone. Sections 2.3.2 and 2.3.3.</summary>
internal static class LogReplay
{
    /// <summary>The largest log that is replayed; Hyper-V's has 1 MiB.</summary>
    public const int LargestLog = 8 * VhdxFormat.MiB;

    /// <returns>The file as it is after the replay; as it is anyway when the log is empty.</returns>
    /// <exception cref="DiskException">The log is damaged or too large, or the file is shorter than it was.</exception>
    public static async ValueTask<ReplayedFile> RunAsync(SourceFile file, VhdxHeader header, DiskPolicy policy, CancellationToken cancellationToken)
    {
        if (header.LogGuid == Guid.Empty)
            return new ReplayedFile(file, file.Length, null, []);
        if (header.LogLength > LargestLog)
        {
            throw new DiskException(
                "FormatFeatureNotSupported", file.Path, $"The file was not closed properly and has a log of {header.LogLength} bytes; the limit is {LargestLog}.", header.LogOffset);
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)header.LogLength);
        await file.ReadAsync(header.LogOffset, bytes, cancellationToken).ConfigureAwait(false);
        var log = new LogRing(bytes);
        List<LogEntry> active = ActiveSequence(log, header.LogGuid);
        if (active.Count == 0)
            throw new DiskException("ImageCorrupt", file.Path, "The file was not closed properly, and its log has no valid sequence of entries.", header.LogOffset);

        long length = file.Length;
        var changes = new List<LogChange>();
        foreach (LogEntry entry in active)
        {
            long place = header.LogOffset + log.OffsetOf(entry.FirstSector);
            if (entry.FlushedFileOffset > (ulong)file.Length)
                throw new DiskException("ImageCorrupt", file.Path, $"The file was cut off: its log says that it had {entry.FlushedFileOffset} bytes.", place);
            if (entry.LastFileOffset > (ulong)policy.MaximumFileLength)
                throw new DiskException("ImageTooLarge", file.Path, $"The file has {entry.LastFileOffset} bytes by its log; the limit is {policy.MaximumFileLength}.", place);
            length = Math.Max(length, (long)entry.LastFileOffset);
            AddChanges(file, header, log, entry, changes, length);
        }

        return new ReplayedFile(file, length, log, LogChange.Flatten(changes));
    }

    // The valid sequence whose last entry has the greatest number, from the entry on that this one names as its tail.
    private static List<LogEntry> ActiveSequence(LogRing log, Guid logGuid)
    {
        var entries = new LogEntry?[log.Sectors];
        for (int sector = 0; sector < entries.Length; sector++)
            entries[sector] = LogEntry.TryRead(log, sector, logGuid);

        List<LogEntry> active = [];
        foreach (LogEntry? first in entries)
        {
            if (first is null)
                continue;
            List<LogEntry> sequence = [first];
            while (entries[(sequence[^1].FirstSector + sequence[^1].Sectors) % log.Sectors] is { } next && next.SequenceNumber == sequence[^1].SequenceNumber + 1)
                sequence.Add(next);
            int tail = sequence.FindIndex(entry => entry.FirstSector == sequence[^1].Tail);
            if (tail >= 0 && (active.Count == 0 || sequence[^1].SequenceNumber > active[^1].SequenceNumber))
                active = sequence[tail..];
        }

        return active;
    }

    private static void AddChanges(SourceFile file, VhdxHeader header, LogRing log, LogEntry entry, List<LogChange> changes, long fileLength)
    {
        int dataSector = entry.FirstSector + entry.DescriptorSectors;
        for (int i = 0; i < entry.DescriptorCount; i++)
        {
            LogDescriptor descriptor = entry.Descriptor(log, i);
            ulong length = descriptor.IsZero ? descriptor.LeadingBytesOrZeroLength : LogEntry.SectorLength;
            if (length == 0)
                continue;
            if (descriptor.FileOffset < VhdxFormat.RegionTable1Offset || descriptor.FileOffset > (ulong)fileLength || length > (ulong)fileLength - descriptor.FileOffset
                || (descriptor.FileOffset < (ulong)(header.LogOffset + header.LogLength) && descriptor.FileOffset + length > (ulong)header.LogOffset))
            {
                throw new DiskException(
                    "ImageCorrupt", file.Path, $"The log changes {length} bytes at {descriptor.FileOffset}, which cannot be.", header.LogOffset + log.OffsetOf(entry.FirstSector));
            }

            int source = LogChange.Zeros;
            if (descriptor.IsData)
            {
                // The entry's sum has been checked, so the sector can be made whole where it stands.
                source = log.OffsetOf(dataSector);
                Span<byte> sector = log.Sector(dataSector++);
                BinaryPrimitives.WriteUInt64LittleEndian(sector, descriptor.LeadingBytesOrZeroLength);
                BinaryPrimitives.WriteUInt32LittleEndian(sector[^4..], descriptor.TrailingBytes);
            }

            changes.Add(new LogChange((long)descriptor.FileOffset, (long)length, source));
        }
    }
}
