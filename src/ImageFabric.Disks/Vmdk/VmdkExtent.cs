using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ImageFabric.Disks.Vmdk;

/// <summary>A line of a descriptor that names an extent: access, size, type, file, offset. "Virtual Disk Format 5.0", section "The Extent Description".</summary>
/// <param name="Length">Bytes of the disk.</param>
/// <param name="Type"><c>SPARSE</c>, <c>FLAT</c>, <c>VMFS</c>, …, in upper case.</param>
/// <param name="FileName">The file that holds it; null when none is named.</param>
/// <param name="Offset">Where in that file its data begins, in bytes.</param>
internal sealed record VmdkExtent(long Length, string Type, string? FileName, long Offset)
{
    /// <summary>The type of an extent with tables.</summary>
    public const string Sparse = "SPARSE";

    /// <summary>The type of an extent whose bytes are the disk's.</summary>
    public const string Flat = "FLAT";

    private static readonly string[] Accesses = ["RW", "RDONLY", "NOACCESS"];

    /// <summary>True when a line begins as one of these do.</summary>
    public static bool IsExtent(string line) => Accesses.Contains(line.Split([' ', '\t'], 2)[0], StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a line.</summary>
    public static bool TryParse(string line, [NotNullWhen(true)] out VmdkExtent? extent)
    {
        extent = null;
        int open = line.IndexOf('"', StringComparison.Ordinal);
        int close = open < 0 ? -1 : line.IndexOf('"', open + 1);
        if (open >= 0 && close < 0)
            return false;
        string[] before = Words(open < 0 ? line : line[..open]);
        string[] behind = open < 0 ? [] : Words(line[(close + 1)..]);
        if (before.Length != 3 || behind.Length > 1 || !TryBytes(before[1], out long length))
            return false;
        long offset = 0;
        if (behind.Length == 1 && !TryBytes(behind[0], out offset))
            return false;
        extent = new VmdkExtent(length, before[2].ToUpperInvariant(), open < 0 ? null : line[(open + 1)..close], offset);
        return true;
    }

    private static string[] Words(string text) => text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static bool TryBytes(string sectors, out long bytes)
    {
        bool valid = long.TryParse(sectors, NumberStyles.None, CultureInfo.InvariantCulture, out long count) && count <= long.MaxValue / VmdkHeader.SectorSize;
        bytes = valid ? count * VmdkHeader.SectorSize : 0;
        return valid;
    }
}
