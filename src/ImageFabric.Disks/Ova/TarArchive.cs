using System.Buffers.Binary;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Ova;

/// <summary>The list of what is in a tar archive: ustar (POSIX.1-1988), with the extensions of pax (POSIX.1-2001) and of GNU for long names and sizes.</summary>
internal static class TarArchive
{
    public const int BlockSize = 512;

    /// <summary>Where the mark is in the first block.</summary>
    public const int MarkOffset = 257;

    private const int MostMembers = 1024;
    private const int LongestExtension = 64 << 10;
    private const int ChecksumOffset = 148;
    private const int ChecksumLength = 8;

    public static ReadOnlySpan<byte> Mark => "ustar"u8;

    /// <summary>Reads the headers only, up to the end of the archive.</summary>
    /// <exception cref="DiskException">The archive is damaged, or uses what cannot be read.</exception>
    public static async Task<IReadOnlyList<TarMember>> ReadMembersAsync(SourceFile file, CancellationToken cancellationToken)
    {
        List<TarMember> members = [];
        byte[] block = new byte[BlockSize];
        var next = new TarExtension();
        long at = 0;
        for (int headers = 0; at <= file.Length - BlockSize; headers++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await file.ReadAsync(at, block, cancellationToken).ConfigureAwait(false);
            if (!block.AsSpan().ContainsAnyExcept((byte)0))
                return members;
            if (headers == 2 * MostMembers || members.Count == MostMembers)
                throw new DiskException("FormatFeatureNotSupported", file.Path, $"The archive has more than {MostMembers} members.", at);
            if (!HasChecksum(block))
                throw Corrupt(file, "A header of the archive is damaged", at);

            char type = (char)block[156];
            long length = LengthOf(file, block, type, next, at);
            long data = at + BlockSize;
            if (length > file.Length - data)
                throw Corrupt(file, "A member of the archive is not within the file", at);
            if (type is 'x' or 'g' or 'L' or 'K')
            {
                next.Read(file, type, await ReadExtensionAsync(file, data, length, cancellationToken).ConfigureAwait(false), data);
            }
            else
            {
                if (type is '0' or '\0' or '7')
                    Add(file, members, new TarMember(Plain(next.Name ?? NameOf(block)), data, length), at);
                next = new TarExtension();
            }

            at = data + ((length + BlockSize - 1) & -BlockSize);
        }

        return members;
    }

    private static void Add(SourceFile file, List<TarMember> members, TarMember member, long at)
    {
        if (members.Any(other => other.Name == member.Name))
            throw Corrupt(file, $"The archive has two members '{member.Name}'", at);
        members.Add(member);
    }

    private static async ValueTask<byte[]> ReadExtensionAsync(SourceFile file, long offset, long length, CancellationToken cancellationToken)
    {
        if (length > LongestExtension)
            throw Corrupt(file, "An extended header of the archive is larger than 64 KiB", offset - BlockSize);
        byte[] bytes = new byte[length];
        await file.ReadAsync(offset, bytes, cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    // Directories, links and devices have no data behind their headers.
    private static long LengthOf(SourceFile file, byte[] block, char type, TarExtension next, long at)
    {
        if (type == 'S')
            throw new DiskException("FormatFeatureNotSupported", file.Path, "A member of the archive is sparse (tar -S); unpack the archive and pack it again without -S.", at + 156);
        if (type is not ('0' or '\0' or '7' or 'x' or 'g' or 'L' or 'K' or (>= '1' and <= '6')))
            throw new DiskException("FormatFeatureNotSupported", file.Path, $"The archive has a member of a type that is not known ('{type}').", at + 156);
        long length = type is 'x' or 'g' or 'L' or 'K' ? SizeIn(file, block, at) : next.Length ?? SizeIn(file, block, at);
        return type is >= '1' and <= '6' && length != 0 ? throw Corrupt(file, "A link, device or directory of the archive has data", at + 124) : length;
    }

    /// <summary>Whether it begins with a tar header of any dialect: v7 has no mark, but a name, and a checksum as every other.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> start) => start.Length >= BlockSize && start[0] != 0 && HasChecksum(start[..BlockSize]);

    private static bool HasChecksum(ReadOnlySpan<byte> block)
    {
        int sum = ' ' * ChecksumLength;
        for (int i = 0; i < block.Length; i++)
            sum += i is >= ChecksumOffset and < ChecksumOffset + ChecksumLength ? 0 : block[i];
        return TryOctal(block.Slice(ChecksumOffset, ChecksumLength), out long expected) && expected == sum;
    }

    private static long SizeIn(SourceFile file, byte[] block, long at)
    {
        ReadOnlySpan<byte> field = block.AsSpan(124, 12);

        // GNU: a number of 95 bits, of which no more than 63 are in use.
        if (field[0] == 0x80 && !field[1..4].ContainsAnyExcept((byte)0) && BinaryPrimitives.ReadInt64BigEndian(field[4..]) is >= 0 and var large)
            return large;
        return TryOctal(field, out long size) ? size : throw Corrupt(file, "A member of the archive has no valid size", at + 124);
    }

    private static bool TryOctal(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        ReadOnlySpan<byte> digits = field.Trim(" \0"u8);
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return false;
            value = (value * 8) + (digit - '0');
        }

        return digits.Length > 0;
    }

    private static string NameOf(byte[] block)
    {
        string name = TarExtension.Text(block.AsSpan(0, 100));

        // GNU's own variant of the mark has other fields where POSIX has the prefix.
        bool hasPrefix = block.AsSpan(MarkOffset, 6).SequenceEqual("ustar\0"u8) && block[345] != 0;
        return hasPrefix ? $"{TarExtension.Text(block.AsSpan(345, 155))}/{name}" : name;
    }

    // As it is when the archive is made of a directory's content.
    private static string Plain(string name) => name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;

    private static DiskException Corrupt(SourceFile file, string what, long offset) => new("ImageCorrupt", file.Path, what + ".", offset);
}

/// <summary>A regular file in an archive.</summary>
/// <param name="Name">Its name, as the archive has it.</param>
/// <param name="Offset">Where its data begin in the archive, in bytes.</param>
/// <param name="Length">Bytes of data.</param>
internal sealed record TarMember(string Name, long Offset, long Length);
