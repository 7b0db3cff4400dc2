using System.Buffers.Binary;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Vhdx;

/// <summary>The current one of the two headers of a VHDX file. Section 2.2.2.</summary>
/// <param name="FileOffset">Where it is in the file.</param>
/// <param name="SequenceNumber">The greater one of the two is current.</param>
/// <param name="LogGuid">What the valid entries of the log carry; empty when the log is.</param>
/// <param name="LogVersion">Version of the log's format.</param>
/// <param name="Version">Version of the file's format.</param>
/// <param name="LogLength">Bytes of the log.</param>
/// <param name="LogOffset">Where the log is in the file.</param>
internal sealed record VhdxHeader(long FileOffset, ulong SequenceNumber, Guid LogGuid, int LogVersion, int Version, long LogLength, long LogOffset)
{
    /// <exception cref="DiskException">No header is valid, or the current one is of a version that is not known or places the log where it cannot be.</exception>
    public static async ValueTask<VhdxHeader> ReadAsync(SourceFile file, CancellationToken cancellationToken)
    {
        if (file.Length < VhdxFormat.HeaderSectionLength)
            throw new DiskException("ImageCorrupt", file.Path, "The file ends within its VHDX header section.", file.Length);
        byte[] first = new byte[VhdxFormat.HeaderLength];
        byte[] second = new byte[VhdxFormat.HeaderLength];
        await file.ReadAsync(VhdxFormat.Header1Offset, first, cancellationToken).ConfigureAwait(false);
        await file.ReadAsync(VhdxFormat.Header2Offset, second, cancellationToken).ConfigureAwait(false);
        VhdxHeader? one = Parse(first, VhdxFormat.Header1Offset);
        VhdxHeader? other = Parse(second, VhdxFormat.Header2Offset);

        // Disk2vhd writes the same header twice.
        if (one is not null && other is not null && one.SequenceNumber == other.SequenceNumber && !first.AsSpan().SequenceEqual(second))
            throw new DiskException("ImageCorrupt", file.Path, "The two headers have the same sequence number and differ.", VhdxFormat.Header2Offset);
        VhdxHeader current = (one is null || other?.SequenceNumber > one.SequenceNumber ? other : one)
            ?? throw new DiskException("ImageCorrupt", file.Path, "Neither header is valid.", VhdxFormat.Header1Offset);
        current.Check(file);
        return current;
    }

    private static VhdxHeader? Parse(ReadOnlySpan<byte> bytes, long fileOffset)
    {
        if (!bytes.StartsWith(VhdxFormat.HeaderSignature) || !VhdxFormat.ChecksumIsRight(bytes))
            return null;
        return new VhdxHeader(
            fileOffset,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            new Guid(bytes.Slice(48, 16)),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[64..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[66..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[68..]),
            (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(bytes[72..]), long.MaxValue));
    }

    private void Check(SourceFile file)
    {
        if (Version != 1)
            throw new DiskException("FormatNotSupported", file.Path, $"The VHDX version {Version} is not known.", FileOffset + 66);
        if (LogGuid != Guid.Empty && LogVersion != 0)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"The VHDX log version {LogVersion} is not known.", FileOffset + 64);
        if (LogLength % VhdxFormat.MiB != 0 || (LogLength == 0 && LogGuid != Guid.Empty))
            throw new DiskException("ImageCorrupt", file.Path, $"The log has {LogLength} bytes, which is no multiple of 1 MiB.", FileOffset + 68);
        if (LogLength > 0 && (LogOffset < VhdxFormat.HeaderSectionLength || LogOffset % VhdxFormat.MiB != 0 || LogOffset > file.Length - LogLength))
            throw new DiskException("ImageCorrupt", file.Path, "The log is not where a log can be.", FileOffset + 72);
    }
}
