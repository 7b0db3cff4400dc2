namespace ImageFabric.Disks.Vhd;

/// <summary>The bitmap of a block: bit 7 of the first byte stands for the first sector. Section "Data Blocks".</summary>
internal static class SectorBitmap
{
    public static bool IsSet(ReadOnlySpan<byte> bitmap, int sector) => (bitmap[sector / 8] & (0x80 >> (sector % 8))) != 0;

    /// <summary>The first sector behind <paramref name="first"/> whose bit is another than its, or <paramref name="end"/>.</summary>
    public static int EndOfRun(ReadOnlySpan<byte> bitmap, int first, int end)
    {
        bool set = IsSet(bitmap, first);
        int sector = first + 1;
        while (sector < end)
        {
            if (sector % 8 == 0)
            {
                int same = bitmap[(sector / 8)..].IndexOfAnyExcept(set ? byte.MaxValue : (byte)0);
                sector = same < 0 ? end : sector + (same * 8);
            }

            if (sector >= end || IsSet(bitmap, sector) != set)
                break;
            sector++;
        }

        return Math.Min(sector, end);
    }
}
