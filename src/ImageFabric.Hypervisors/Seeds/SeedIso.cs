using System.Buffers.Binary;

namespace ImageFabric.Hypervisors.Seeds;

/// <summary>
/// Writes a small ISO 9660 image (ECMA-119, 2nd edition, interchange level 2) with a few files in its root, whose names appear exactly as
/// given: by Rock Ridge on Linux and by Joliet on Windows.
/// </summary>
/// <remarks>
/// Blocks of 2048 bytes: 0-15 system area, 16 primary and 17 Joliet volume descriptor, 18 terminator, 19-22 path tables (little- and
/// big-endian, primary and Joliet), 23 root directory, 24 its continuation area, 25 Joliet root directory, from 26 the files.
/// </remarks>
internal static class SeedIso
{
    private const int BlockSize = 2048;
    private const int FirstDescriptor = 16;
    private const int Terminator = 18;
    private const int PathTables = 19;
    private const int PrimaryRoot = 23;
    private const int ContinuationArea = 24;
    private const int JolietRoot = 25;
    private const int FirstFile = 26;
    private const int PathTableLength = 10;
    private const byte DirectoryFlag = 2;
    private const int LongestName = 29;

    /// <summary>The image's bytes, the same for the same arguments.</summary>
    /// <param name="volumeLabel">Volume identifier, at most 16 ASCII characters. Lower case is outside ECMA-119's d-characters, but what cloud-init asks for.</param>
    /// <param name="files">Files, as many as have room in one block of directory.</param>
    /// <param name="created">The time that all dates carry.</param>
    /// <exception cref="ArgumentException">A name or label is of another form, or there are too many files.</exception>
    public static byte[] Build(string volumeLabel, IReadOnlyList<SeedFile> files, DateTimeOffset created)
    {
        if (volumeLabel.Length is 0 or > 16 || !volumeLabel.All(char.IsAscii))
            throw new ArgumentException($"'{volumeLabel}' is not a volume label of 1 to 16 ASCII characters.", nameof(volumeLabel));
        foreach (SeedFile file in files)
            CheckName(file.Name);

        var extents = new List<(SeedFile File, uint Block)>();
        long next = FirstFile;
        // Directory records are in the order of their names (9.3); upper-casing and '-' to '_' keep the order of what is allowed here.
        foreach (SeedFile file in files.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            extents.Add((file, (uint)next));
            next += Blocks(file.Content.Length);
        }

        byte[] image = new byte[next * BlockSize];
        byte[] continuation = RockRidge.ExtensionReference();
        continuation.CopyTo(Block(image, ContinuationArea));
        WriteTree(image, new IsoDirectory.Primary(ContinuationArea, continuation), 0, PrimaryRoot, volumeLabel, extents, created);
        WriteTree(image, new IsoDirectory.Joliet(), 1, JolietRoot, volumeLabel, extents, created);
        WriteDescriptorHead(Block(image, Terminator), type: 255);
        foreach ((SeedFile file, uint block) in extents)
            file.Content.CopyTo(image.AsSpan((int)block * BlockSize));
        return image;
    }

    private static void CheckName(string name)
    {
        string[] parts = name.Split('.');
        if (name.Length > LongestName || parts.Length > 2 || !parts.All(IsNamePart))
            throw new ArgumentException($"'{name}' is not a name of 1 to {LongestName} lower-case letters, digits and hyphens, with one extension at most.", nameof(name));
    }

    private static bool IsNamePart(string part) => part.Length > 0 && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-');

    private static int Blocks(int length) => (int)(((long)length + BlockSize - 1) / BlockSize);

    private static Span<byte> Block(byte[] image, int number) => image.AsSpan(number * BlockSize, BlockSize);

    private static void WriteTree(
        byte[] image, IsoDirectory directory, int ordinal, int root, string label, List<(SeedFile File, uint Block)> extents, DateTimeOffset created)
    {
        int littleTable = PathTables + (2 * ordinal);
        WriteDescriptor(Block(image, FirstDescriptor + ordinal), directory, root, littleTable, label, (uint)(image.Length / BlockSize), created);
        WritePathTable(Block(image, littleTable), (uint)root, bigEndian: false);
        WritePathTable(Block(image, littleTable + 1), (uint)root, bigEndian: true);

        Span<byte> left = Block(image, root);
        (byte[] self, byte[] parent, Func<string, byte[]> ofFile) = directory.SystemUse;
        // The directory itself is named by the byte 0, its parent by the byte 1 (6.8.2.2).
        Append(ref left, Record((uint)root, BlockSize, DirectoryFlag, [0], self, created));
        Append(ref left, Record((uint)root, BlockSize, DirectoryFlag, [1], parent, created));
        foreach ((SeedFile file, uint block) in extents)
            Append(ref left, Record(block, (uint)file.Content.Length, 0, directory.Identifier(file.Name), ofFile(file.Name), created));
    }

    private static void Append(ref Span<byte> left, byte[] record)
    {
        if (record.Length > left.Length)
            throw new ArgumentException("The files do not fit into one block of directory.");
        record.CopyTo(left);
        left = left[record.Length..];
    }

    // 8.1: type, "CD001", version.
    private static void WriteDescriptorHead(Span<byte> block, byte type)
    {
        block[0] = type;
        "CD001"u8.CopyTo(block[1..]);
        block[6] = 1;
    }

    // 8.4 and 8.5. Offsets are the standard's byte positions less one.
    private static void WriteDescriptor(
        Span<byte> block, IsoDirectory directory, int root, int littleTable, string label, uint volumeBlocks, DateTimeOffset created)
    {
        WriteDescriptorHead(block, directory.DescriptorType);
        directory.WriteText(block.Slice(8, 32), "");
        directory.WriteText(block.Slice(40, 32), label);
        IsoField.Both32(block[80..], volumeBlocks);
        directory.EscapeSequences.CopyTo(block.Slice(88, 32));
        IsoField.Both16(block[120..], 1);
        IsoField.Both16(block[124..], 1);
        IsoField.Both16(block[128..], BlockSize);
        IsoField.Both32(block[132..], PathTableLength);
        BinaryPrimitives.WriteUInt32LittleEndian(block[140..], (uint)littleTable);
        BinaryPrimitives.WriteUInt32BigEndian(block[148..], (uint)littleTable + 1);
        Record((uint)root, BlockSize, DirectoryFlag, [0], [], created).CopyTo(block[156..]);
        directory.WriteText(block.Slice(190, 128), "");
        directory.WriteText(block.Slice(318, 128), "");
        directory.WriteText(block.Slice(446, 128), "");
        directory.WriteText(block.Slice(574, 128), "IMAGEFABRIC");
        directory.WriteText(block.Slice(702, 37), "");
        directory.WriteText(block.Slice(739, 37), "");
        directory.WriteText(block.Slice(776, 37), "");
        IsoField.LongDate(block.Slice(813, 17), created);
        IsoField.LongDate(block.Slice(830, 17), created);
        IsoField.NoLongDate(block.Slice(847, 17));
        IsoField.NoLongDate(block.Slice(864, 17));
        block[881] = 1;
    }

    // 9.4: the root alone, its own parent.
    private static void WritePathTable(Span<byte> table, uint root, bool bigEndian)
    {
        table[0] = 1;
        if (bigEndian)
        {
            BinaryPrimitives.WriteUInt32BigEndian(table[2..], root);
            BinaryPrimitives.WriteUInt16BigEndian(table[6..], 1);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(table[2..], root);
            BinaryPrimitives.WriteUInt16LittleEndian(table[6..], 1);
        }
    }

    // 9.1: identifier padded to an even length, then System Use, likewise.
    private static byte[] Record(uint block, uint length, byte flags, byte[] identifier, byte[] systemUse, DateTimeOffset created)
    {
        int head = 33 + identifier.Length;
        head += head & 1;
        byte[] record = new byte[head + systemUse.Length + (systemUse.Length & 1)];
        record[0] = checked((byte)record.Length);
        IsoField.Both32(record.AsSpan(2), block);
        IsoField.Both32(record.AsSpan(10), length);
        IsoField.ShortDate(record.AsSpan(18), created);
        record[25] = flags;
        IsoField.Both16(record.AsSpan(28), 1);
        record[32] = (byte)identifier.Length;
        identifier.CopyTo(record.AsSpan(33));
        systemUse.CopyTo(record.AsSpan(head));
        return record;
    }
}
