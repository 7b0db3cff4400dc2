using System.Buffers.Binary;
using System.Numerics;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Vmdk;

/// <summary>
/// The header of a hosted sparse extent. "Virtual Disk Format 5.0", sections "Hosted Sparse Extents" and "Stream-Optimized Compressed Sparse Extents";
/// names are the specification's.
/// </summary>
internal sealed record VmdkHeader
{
    public const int SectorSize = 512;

    /// <summary>numGTEsPerGT of all that is written here: "always 512". Other programs write fewer, which qemu reads.</summary>
    public const int MostTableEntries = 512;

    /// <summary>Bytes of a grain table with as many entries.</summary>
    public const int LargestTableLength = MostTableEntries * sizeof(uint);

    private const int MinimumGrainSectors = 8;
    private const int MaximumGrainSectors = 4096;
    private const int MaximumGrainDirectoryLength = 16 << 20;
    private const ulong GdAtEnd = ulong.MaxValue;

    private const uint NewlineTestFlag = 1 << 0;
    private const uint RedundantTableFlag = 1 << 1;
    private const uint ZeroedGrainFlag = 1 << 2;
    private const uint CompressedFlag = 1 << 16;
    private const uint MarkersFlag = 1 << 17;
    private const uint KnownFlags = NewlineTestFlag | RedundantTableFlag | ZeroedGrainFlag | CompressedFlag | MarkersFlag;

    private const int FooterMarker = 3;
    private const int EndOfStreamMarker = 0;

    private VmdkHeader()
    {
    }

    /// <summary>"KDMV".</summary>
    public static ReadOnlySpan<byte> Magic => "KDMV"u8;

    /// <summary>Size of the disk in bytes.</summary>
    public required long Capacity { get; init; }

    /// <summary>Bytes of a grain.</summary>
    public required int GrainSize { get; init; }

    /// <summary>Where the grain directory is in the file, in bytes.</summary>
    public required long GrainDirectoryOffset { get; init; }

    /// <summary>Entries of a grain table, a power of two.</summary>
    public required int GrainTableEntries { get; init; }

    /// <summary>Bytes of a grain table.</summary>
    public int GrainTableLength => GrainTableEntries * sizeof(uint);

    /// <summary>How many grain tables the directory leads to.</summary>
    public required int GrainDirectoryEntries { get; init; }

    /// <summary>True when a grain table entry of 1 is a grain of zeros.</summary>
    public required bool HasZeroedGrains { get; init; }

    /// <summary>True when every grain is a zlib stream behind a marker.</summary>
    public required bool IsCompressed { get; init; }

    /// <summary>Bytes of the disk that one grain table describes.</summary>
    public long GrainTableCoverage => (long)GrainTableEntries * GrainSize;

    /// <summary>Where the embedded descriptor is; what it refers to must be known before anything else of the header is used.</summary>
    /// <exception cref="DiskException"><c>FormatNotSupported</c> or <c>ImageCorrupt</c>.</exception>
    public static DiskExtent DescriptorPlace(SourceFile file, byte[] sector)
    {
        if (sector.Length < SectorSize)
            throw Corrupt(file, "The file ends within its VMDK header", 0);
        if (UInt32(sector, 4) is < 1 or > 3)
            throw new DiskException("FormatNotSupported", file.Path, $"The VMDK version {UInt32(sector, 4)} is not known.", 4);
        ulong offset = UInt64(sector, 28);
        ulong sectors = UInt64(sector, 36);
        if (offset == 0)
            throw PartOfDisk(file, 28);
        long length = sectors <= VmdkDescriptor.MaximumLength / SectorSize
            ? (long)sectors * SectorSize
            : throw Corrupt(file, $"descriptorSize exceeds {VmdkDescriptor.MaximumLength / SectorSize} sectors", 36);
        return offset <= (ulong)Math.Max(0, file.Length - length) / SectorSize
            ? new DiskExtent((long)offset * SectorSize, length)
            : throw Corrupt(file, "The descriptor is not within the file", 28);
    }

    /// <summary>True unless the header has no size of the disk, as where it stands before a descriptor with an extent of its own.</summary>
    public static bool HasCapacity(byte[] sector) => UInt64(sector, 12) != 0;

    /// <summary>Reads the embedded descriptor, also one that is longer than the header says: up to the tables, and to what a descriptor may have.</summary>
    /// <param name="file">The file.</param>
    /// <param name="sector">Its header.</param>
    /// <param name="place">Where the header has the descriptor.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException"><c>FileUnreadable</c> or <c>SourceChanged</c>.</exception>
    public static async ValueTask<byte[]> ReadDescriptorAsync(SourceFile file, byte[] sector, DiskExtent place, CancellationToken cancellationToken)
    {
        byte[] text = new byte[place.Length];
        await file.ReadAsync(place.Offset, text, cancellationToken).ConfigureAwait(false);
        if (VmdkText.LengthOf(text) < text.Length)
            return text;
        long end = Math.Min(place.Offset + VmdkDescriptor.MaximumLength, file.Length);
        foreach (int field in new[] { 48, 56, 64 })
        {
            if (UInt64(sector, field) <= (ulong)file.Length / SectorSize && (long)UInt64(sector, field) * SectorSize is var next && next >= place.End)
                end = Math.Min(end, next);
        }

        byte[] whole = new byte[end - place.Offset];
        await file.ReadAsync(place.Offset, whole, cancellationToken).ConfigureAwait(false);
        return whole;
    }

    /// <summary>What a file without a descriptor is.</summary>
    public static DiskException PartOfDisk(SourceFile file, long offset) =>
        new("FormatNotSupported", file.Path, "The VMDK file has no descriptor: it is one part of a disk of several files.", offset);

    /// <summary>Reads the header, or the footer that takes its place.</summary>
    /// <exception cref="DiskException">The file is damaged or uses what cannot be read.</exception>
    public static async ValueTask<VmdkHeader> ReadAsync(SourceFile file, byte[] sector, CancellationToken cancellationToken)
    {
        if (UInt64(sector, 56) != GdAtEnd)
            return Parse(file, sector, 0);

        // The last three sectors: a marker, the footer, the end-of-stream marker.
        long footerOffset = (file.Length & -SectorSize) - (2 * SectorSize);
        byte[] end = new byte[3 * SectorSize];
        if (footerOffset < 2 * SectorSize)
            throw Corrupt(file, "The file ends before its footer", 56);
        await file.ReadAsync(footerOffset - SectorSize, end, cancellationToken).ConfigureAwait(false);
        byte[] footer = end[SectorSize..(2 * SectorSize)];
        if (!IsMarker(end, 0, FooterMarker) || UInt64(end, 2 * SectorSize) != 0 || !IsMarker(end, 2 * SectorSize, EndOfStreamMarker) || !footer.AsSpan().StartsWith(Magic))
            throw Corrupt(file, "The file does not end with a footer", footerOffset);
        foreach ((int offset, int length) in new[] { (4, 8), (12, 16), (44, 4), (77, 2) })
        {
            if (!footer.AsSpan(offset, length).SequenceEqual(sector.AsSpan(offset, length)))
                throw Corrupt(file, "The footer contradicts the header", footerOffset + offset);
        }

        return Parse(file, footer, footerOffset);
    }

    private static bool IsMarker(byte[] bytes, int offset, uint type) => UInt32(bytes, offset + 8) == 0 && UInt32(bytes, offset + 12) == type;

    private static VmdkHeader Parse(SourceFile file, byte[] sector, long place)
    {
        uint flags = UInt32(sector, 8);
        if ((flags & ~KnownFlags) is not 0 and var unknown)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"The VMDK file uses features that are not known (flags 0x{unknown:x}).", place + 8);
        if (sector[72] != 0)
            throw Corrupt(file, "The VMDK file is marked as in use, or was not closed properly (uncleanShutdown)", place + 72);
        if ((flags & NewlineTestFlag) != 0 && !sector.AsSpan(73, 4).SequenceEqual("\n \r\n"u8))
            throw Corrupt(file, "The file was changed by a transfer as text", place + 73);

        ulong grainSectors = UInt64(sector, 20);
        if (grainSectors is < MinimumGrainSectors or > MaximumGrainSectors || !BitOperations.IsPow2(grainSectors))
            throw Corrupt(file, $"grainSize is {grainSectors}, which is no power of two within {MinimumGrainSectors} to {MaximumGrainSectors}", place + 20);
        uint tableEntries = UInt32(sector, 44);
        if (tableEntries > MostTableEntries || !BitOperations.IsPow2(tableEntries))
            throw Corrupt(file, $"numGTEsPerGT is {tableEntries}, which is no power of two up to {MostTableEntries}", place + 44);

        ulong capacity = UInt64(sector, 12);
        ulong tableSectors = grainSectors * tableEntries;
        ulong entries = (capacity / tableSectors) + (capacity % tableSectors == 0 ? 0u : 1u);
        if (entries > MaximumGrainDirectoryLength / sizeof(uint))
            throw Corrupt(file, "The grain directory exceeds 16 MiB", place + 12);
        long directoryLength = (long)entries * sizeof(uint);
        ulong directory = UInt64(sector, 56);
        if (directory == 0 || directory > (ulong)Math.Max(0, file.Length - directoryLength) / SectorSize)
            throw Corrupt(file, "The grain directory is not within the file", place + 56);
        if (UInt64(sector, 64) > (ulong)file.Length / SectorSize)
            throw Corrupt(file, "The file ends within its metadata", place + 64);
        return new VmdkHeader
        {
            Capacity = (long)capacity * SectorSize,
            GrainSize = (int)grainSectors * SectorSize,
            GrainTableEntries = (int)tableEntries,
            GrainDirectoryOffset = (long)directory * SectorSize,
            GrainDirectoryEntries = (int)entries,
            HasZeroedGrains = (flags & ZeroedGrainFlag) != 0,
            IsCompressed = IsDeflated(file, sector, flags, place),
        };
    }

    private static bool IsDeflated(SourceFile file, byte[] sector, uint flags, long place)
    {
        ushort algorithm = BinaryPrimitives.ReadUInt16LittleEndian(sector.AsSpan(77));
        bool compressed = (flags & CompressedFlag) != 0;
        if (algorithm > 1)
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"The compressAlgorithm {algorithm} is not known.", place + 77);
        if (compressed != (algorithm == 1))
            throw Corrupt(file, "compressAlgorithm and its flag contradict each other", place + 77);
        if (compressed != ((flags & MarkersFlag) != 0))
            throw new DiskException("FormatFeatureNotSupported", file.Path, "Only compressed grains can have markers, and must.", place + 8);
        return compressed;
    }

    private static DiskException Corrupt(SourceFile file, string what, long offset) => new("ImageCorrupt", file.Path, what + ".", offset);

    private static uint UInt32(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    private static ulong UInt64(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset));
}
