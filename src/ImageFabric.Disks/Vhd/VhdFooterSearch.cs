using System.Buffers.Binary;
using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Vhd;

/// <summary>
/// Finds the footer at the end of a file: where the specification has it, with a byte less, as programs before Virtual PC 2004 wrote it (section "Hard Disk
/// Footer Format"), or with zeros behind it, as storage that pads to its own blocks leaves it.
/// </summary>
internal static class VhdFooterSearch
{
    /// <summary>The most zeros that are looked behind, and the footer, in bytes.</summary>
    public const int Reach = 1 << 20;

    private const int OldLength = VhdFooter.Length - 1;
    private const int Near = 64 << 10;

    /// <summary>Where it is; null where there is none.</summary>
    /// <exception cref="DiskException">The file cannot be read.</exception>
    public static async ValueTask<DiskExtent?> FindAsync(SourceFile file, CancellationToken cancellationToken)
    {
        // Most files end with something else than zeros, and then a look near the end says all.
        foreach (int reach in new[] { Near, Reach })
        {
            byte[] tail = new byte[(int)Math.Min(reach, file.Length)];
            await file.ReadAsync(file.Length - tail.Length, tail, cancellationToken).ConfigureAwait(false);
            if (reach == Reach || tail.Length == file.Length || tail.AsSpan().ContainsAnyExcept((byte)0))
                return FindIn(tail, file.Length);
        }

        return null;
    }

    /// <summary>Where it is in a file of which only the end is at hand.</summary>
    /// <param name="tail">The last bytes of the file.</param>
    /// <param name="fileLength">Length of the file in bytes.</param>
    public static DiskExtent? FindIn(ReadOnlySpan<byte> tail, long fileLength)
    {
        long start = fileLength - tail.Length;
        if (tail.Length >= VhdFooter.Length && tail[^VhdFooter.Length..].StartsWith(VhdFooter.Cookie))
            return new DiskExtent(fileLength - VhdFooter.Length, VhdFooter.Length);
        int at = tail.LastIndexOf(VhdFooter.Cookie);
        int length = Math.Min(VhdFooter.Length, tail.Length - at);
        if (at < 0 || length < OldLength || tail[(at + length)..].ContainsAnyExcept((byte)0))
            return null;

        // Elsewhere than in its place it must be right in all that can be checked, or a raw disk with such bytes in it would count as a VHD.
        byte[] footer = new byte[VhdFooter.Length];
        tail.Slice(at, length).CopyTo(footer);
        uint type = BinaryPrimitives.ReadUInt32BigEndian(footer.AsSpan(60));
        bool isIts = type == VhdFooter.FixedType ? BinaryPrimitives.ReadUInt64BigEndian(footer.AsSpan(48)) == (ulong)(start + at) : type is VhdFooter.DynamicType or VhdFooter.DifferencingType;
        return isIts && VhdChecksum.IsRight(footer, VhdFooter.ChecksumOffset) ? new DiskExtent(start + at, length) : null;
    }
}
