using System.Buffers.Binary;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Qcow2;

/// <summary>The header of a qcow2 file that stands alone and that this reader understands in full. Names are those of qemu's docs/interop/qcow2.txt.</summary>
internal sealed record Qcow2Header
{
    public const int MinimumClusterBits = 9;

    /// <summary>An implementation limit of qemu, given in section "Header", cluster_bits.</summary>
    public const int MaximumClusterBits = 21;

    /// <summary>An implementation limit of qemu, given in section "Header", size.</summary>
    public const long MaximumL1Length = 32L << 20;

    private const int Version2Length = 72;
    private const int Version3Length = 104;
    private const int CompressionTypeOffset = 104;
    private const int MinimumExtendedL2ClusterBits = 14;
    private const long MaximumRefcountTableLength = 8L << 20;

    private const ulong DirtyBit = 1 << 0;
    private const ulong CorruptBit = 1 << 1;
    private const ulong ExternalDataFileBit = 1 << 2;
    private const ulong CompressionTypeBit = 1 << 3;
    private const ulong ExtendedL2Bit = 1 << 4;
    private const ulong KnownIncompatibleBits = DirtyBit | CorruptBit | ExternalDataFileBit | CompressionTypeBit | ExtendedL2Bit;

    private const uint EndExtension = 0;
    private const uint ExternalDataFileExtension = 0x44415441;
    private const uint EncryptionExtension = 0x0537be77;
    private const uint BitmapsExtension = 0x23852875;

    private Qcow2Header()
    {
    }

    /// <summary>"QFI\xfb".</summary>
    public static ReadOnlySpan<byte> Magic => [0x51, 0x46, 0x49, 0xfb];

    public required int Version { get; init; }

    public required int ClusterBits { get; init; }

    /// <summary>Virtual disk size in bytes.</summary>
    public required long Size { get; init; }

    public required int L1Size { get; init; }

    public required long L1TableOffset { get; init; }

    public required long RefcountTableOffset { get; init; }

    public required long RefcountTableLength { get; init; }

    public required int SnapshotCount { get; init; }

    public required bool ExtendedL2 { get; init; }

    public required bool CompressedWithZstd { get; init; }

    public bool HasBitmaps { get; private init; }

    public int ClusterSize => 1 << ClusterBits;

    /// <summary>Bytes of the disk that one L2 table describes.</summary>
    public long L2Coverage => (long)L2Entries << ClusterBits;

    public int L2Entries => ClusterSize / (ExtendedL2 ? 16 : 8);

    /// <exception cref="DiskException">The file is damaged, or refers to another file, or uses what cannot be read.</exception>
    public static async ValueTask<Qcow2Header> ReadAsync(SourceFile file, CancellationToken cancellationToken)
    {
        byte[] start = new byte[(int)Math.Min(CompressionTypeOffset + 8, file.Length)];
        await file.ReadAsync(0, start, cancellationToken).ConfigureAwait(false);
        Qcow2Header header = Parse(file, start);

        byte[] cluster = new byte[(int)Math.Min(header.ClusterSize, file.Length)];
        await file.ReadAsync(0, cluster, cancellationToken).ConfigureAwait(false);
        return header with { HasBitmaps = ReadExtensions(file.Path, cluster, HeaderLength(start)) };
    }

    private static Qcow2Header Parse(SourceFile file, byte[] bytes)
    {
        string path = file.Path;
        if (bytes.Length < Version2Length)
            throw Corrupt(path, "The file ends within its qcow2 header", 0);
        uint version = UInt32(bytes, 4);
        if (version is not (2 or 3))
            throw new DiskException("FormatNotSupported", path, $"The qcow2 version {version} is not known.", 4);

        // Before anything else is looked at: what another file holds must never be read in the publisher's name.
        if (UInt64(bytes, 8) != 0)
            throw new DiskException("ForeignReference", path, "The qcow2 file has a backing file.", 8);
        if (version == 3 && bytes.Length < Version3Length)
            throw Corrupt(path, "The file ends within its qcow2 header", 0);
        ulong incompatible = version == 3 ? UInt64(bytes, 72) : 0;
        CheckFeatures(path, incompatible);

        uint clusterBits = UInt32(bytes, 20);
        if (clusterBits is < MinimumClusterBits or > MaximumClusterBits)
            throw Corrupt(path, $"cluster_bits is {clusterBits}, which is not within {MinimumClusterBits} to {MaximumClusterBits}", 20);
        bool extendedL2 = (incompatible & ExtendedL2Bit) != 0;
        if (extendedL2 && clusterBits < MinimumExtendedL2ClusterBits)
            throw Corrupt(path, $"cluster_bits is {clusterBits}, which is too small for extended L2 entries", 20);

        CheckHeaderLength(path, bytes, (int)clusterBits);
        if (UInt32(bytes, 32) is not 0 and var method)
            throw new DiskException("FormatFeatureNotSupported", path, $"The qcow2 file is encrypted (crypt_method {method}).", 32);
        if (version == 3 && UInt32(bytes, 96) > 6)
            throw Corrupt(path, "refcount_order exceeds 6", 96);

        var header = new Qcow2Header
        {
            Version = (int)version,
            ClusterBits = (int)clusterBits,
            Size = UInt64(bytes, 24) is <= long.MaxValue and var size ? (long)size : throw Corrupt(path, "size is beyond any disk", 24),
            L1Size = UInt32(bytes, 36) is <= (uint)(MaximumL1Length / 8) and var entries ? (int)entries : throw Corrupt(path, "l1_size exceeds 32 MiB", 36),
            L1TableOffset = TableOffset(path, bytes, 40, (int)clusterBits),
            RefcountTableOffset = TableOffset(path, bytes, 48, (int)clusterBits),
            RefcountTableLength = (long)UInt32(bytes, 56) << (int)clusterBits,
            SnapshotCount = UInt32(bytes, 60) is <= 65536 and var snapshots ? (int)snapshots : throw Corrupt(path, "nb_snapshots exceeds 65536", 60),
            ExtendedL2 = extendedL2,
            CompressedWithZstd = CompressionIsZstd(path, bytes, incompatible),
        };
        header.CheckTables(file);
        return header;
    }

    private static void CheckFeatures(string path, ulong incompatible)
    {
        if ((incompatible & ExternalDataFileBit) != 0)
            throw new DiskException("ForeignReference", path, "The qcow2 file keeps its data in another file.", 72);
        if ((incompatible & ~KnownIncompatibleBits) is not 0 and var unknown)
            throw new DiskException("FormatFeatureNotSupported", path, $"The qcow2 file uses features that are not known (incompatible_features 0x{unknown:x}).", 72);
        if ((incompatible & CorruptBit) != 0)
            throw Corrupt(path, "The qcow2 file is marked corrupt", 72);
        if ((incompatible & DirtyBit) != 0)
            throw Corrupt(path, "The qcow2 file is marked dirty: it is in use, or was not closed properly", 72);
    }

    private static int HeaderLength(byte[] bytes) => UInt32(bytes, 4) == 2 ? Version2Length : (int)UInt32(bytes, 100);

    private static void CheckHeaderLength(string path, byte[] bytes, int clusterBits)
    {
        if (UInt32(bytes, 4) == 2)
            return;
        uint length = UInt32(bytes, 100);
        if (length < Version3Length || length % 8 != 0 || length > 1u << clusterBits)
            throw Corrupt(path, $"header_length is {length}", 100);
    }

    private static bool CompressionIsZstd(string path, byte[] bytes, ulong incompatible)
    {
        bool present = UInt32(bytes, 4) == 3 && UInt32(bytes, 100) > CompressionTypeOffset;
        if (present && bytes.Length <= CompressionTypeOffset)
            throw Corrupt(path, "The file ends within its qcow2 header", CompressionTypeOffset);
        byte type = present ? bytes[CompressionTypeOffset] : (byte)0;
        bool announced = (incompatible & CompressionTypeBit) != 0;
        if (announced != (type != 0))
            throw Corrupt(path, "compression_type and its incompatible feature bit contradict each other", CompressionTypeOffset);
        return type switch
        {
            0 => false,
            1 => true,
            _ => throw new DiskException("FormatFeatureNotSupported", path, $"The compression_type {type} is not known.", CompressionTypeOffset),
        };
    }

    private static long TableOffset(string path, byte[] bytes, int field, int clusterBits)
    {
        ulong offset = UInt64(bytes, field);
        return offset <= long.MaxValue && offset % (1ul << clusterBits) == 0
            ? (long)offset
            : throw Corrupt(path, "A table's offset is not aligned to a cluster", field);
    }

    // Section "Header extensions". The header proves no backing file, so the area ends with the first cluster.
    private static bool ReadExtensions(string path, byte[] cluster, int headerLength)
    {
        bool bitmaps = false;
        for (long at = headerLength; at + 8 <= cluster.Length;)
        {
            uint type = UInt32(cluster, (int)at);
            uint length = UInt32(cluster, (int)at + 4);
            if (type == EndExtension)
                break;
            if (type == ExternalDataFileExtension)
                throw new DiskException("ForeignReference", path, "The qcow2 file names an external data file.", at);
            if (type == EncryptionExtension)
                throw new DiskException("FormatFeatureNotSupported", path, "The qcow2 file has an encryption header.", at);
            if (length > cluster.Length - at - 8)
                throw Corrupt(path, "A header extension leaves the first cluster", at);
            bitmaps |= type == BitmapsExtension;
            at += 8 + (((long)length + 7) & ~7L);
        }

        return bitmaps;
    }

    private static DiskException Corrupt(string path, string what, long offset) => new("ImageCorrupt", path, what + ".", offset);

    private static uint UInt32(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(offset));

    private static ulong UInt64(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(offset));

    private void CheckTables(SourceFile file)
    {
        long needed = (long)((UInt128)((ulong)Size + (ulong)L2Coverage - 1) / (ulong)L2Coverage);
        if (L1Size < needed)
            throw Corrupt(file.Path, $"The L1 table has {L1Size} entries where the size needs {needed}", 36);
        if (L1Size > 0 && (L1TableOffset == 0 || L1TableOffset > file.Length - (L1Size * 8L)))
            throw Corrupt(file.Path, "The L1 table is not within the file", 40);
        if (RefcountTableLength > MaximumRefcountTableLength)
            throw Corrupt(file.Path, "The refcount table exceeds 8 MiB", 56);
        if (RefcountTableLength == 0 || RefcountTableOffset == 0 || RefcountTableOffset > file.Length - RefcountTableLength)
            throw Corrupt(file.Path, "The refcount table is not within the file", 48);
    }
}
