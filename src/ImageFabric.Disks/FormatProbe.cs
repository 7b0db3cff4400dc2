using System.Buffers.Binary;
using ImageFabric.Disks.Files;
using ImageFabric.Disks.Ova;
using ImageFabric.Disks.Qcow2;
using ImageFabric.Disks.Vmdk;
using ImageFabric.Disks.Vhd;

namespace ImageFabric.Disks;

/// <summary>Tells a file's format by the marks its specification puts into it.</summary>
internal static class FormatProbe
{
    private const string Dmg = "dmg (Apple disk image, UDIF)";
    private const int ProbeLength = 4096;
    private const int AppleTrailer = 512;

    /// <summary>The name of the format; <c>raw</c> when there is no mark.</summary>
    public static async ValueTask<string> DetectAsync(SourceFile file, CancellationToken cancellationToken)
    {
        byte[] start = new byte[(int)Math.Min(ProbeLength, file.Length)];
        await file.ReadAsync(0, start, cancellationToken).ConfigureAwait(false);
        string format = DetectStart(start);
        if (format != "raw")
            return format;

        return await DetectEndAsync(file, cancellationToken).ConfigureAwait(false);
    }

    // A fixed VHD is a raw disk with a footer behind it, and a disk image of Apple's has its header there.
    private static async ValueTask<string> DetectEndAsync(SourceFile file, CancellationToken cancellationToken)
    {
        byte[] end = new byte[(int)Math.Min(AppleTrailer, file.Length)];
        await file.ReadAsync(file.Length - end.Length, end, cancellationToken).ConfigureAwait(false);
        return DetectApple(end) ?? (await VhdFooterSearch.FindAsync(file, cancellationToken).ConfigureAwait(false) is null ? "raw" : "vhd");
    }

    /// <summary>What the last bytes of a file tell, up to <see cref="VhdFooterSearch.Reach"/> of them; null when there is no mark.</summary>
    public static string? DetectEnd(ReadOnlySpan<byte> end, long fileLength) => DetectApple(end) ?? (VhdFooterSearch.FindIn(end, fileLength) is null ? null : "vhd");

    private static string? DetectApple(ReadOnlySpan<byte> end) => end.Length >= AppleTrailer && end[^AppleTrailer..].StartsWith("koly\0\0\0\u0004"u8) ? Dmg : null;

    /// <summary>What the first bytes alone tell: a fixed VHD is a raw disk to them.</summary>
    public static string DetectStart(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith(Qcow2Header.Magic))
            return start.Length >= 8 && BinaryPrimitives.ReadUInt32BigEndian(start[4..]) == 1 ? "qcow (version 1)" : "qcow2";
        foreach (FormatMark mark in FormatMarks.All)
        {
            if (mark.IsIn(start))
                return mark.Name;
        }

        return VmdkText.IsDescriptor(start) ? "vmdk" : TarArchive.IsHeader(start) ? "ova" : IsLzma(start) ? "lzma" : IsWindowsProgram(start) ? "PE (Windows program)" : "raw";
    }

    // The format before xz has no magic: properties, a dictionary of a power of two (or of 1.5 of one), and a size that is unknown or less than 256 GiB.
    private static bool IsLzma(ReadOnlySpan<byte> start)
    {
        if (start.Length < 14 || start[0] != 0x5d || start[13] != 0)
            return false;
        uint dictionary = BinaryPrimitives.ReadUInt32LittleEndian(start[1..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(start[5..]);
        bool usual = dictionary >= 4096 && (System.Numerics.BitOperations.PopCount(dictionary) == 1 || (dictionary % 3 == 0 && System.Numerics.BitOperations.PopCount(dictionary / 3) == 1));
        return usual && (size == ulong.MaxValue || size < 1UL << 38);
    }

    private static bool IsWindowsProgram(ReadOnlySpan<byte> start)
    {
        if (start.Length < 64 || !start.StartsWith("MZ"u8))
            return false;
        int header = BinaryPrimitives.ReadInt32LittleEndian(start[60..]);
        return header >= 64 && header <= start.Length - 4 && start[header..].StartsWith("PE\0\0"u8);
    }
}
