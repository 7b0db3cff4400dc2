namespace ImageFabric.Disks.Vhdx;

/// <summary>Which parts of a file are taken, MiB by MiB, since all that a VHDX file holds begins at a multiple of 1 MiB. One bit per MiB.</summary>
/// <param name="fileLength">Bytes of the file.</param>
internal sealed class FileOccupancy(long fileLength)
{
    private readonly ulong[] taken = new ulong[(fileLength / VhdxFormat.MiB / 64) + 1];

    /// <summary>Takes a range that lies within the file; false when a part of it is taken already.</summary>
    public bool TryTake(long offset, long length)
    {
        long end = (offset + length + VhdxFormat.MiB - 1) / VhdxFormat.MiB;
        for (long unit = offset / VhdxFormat.MiB; unit < end; unit++)
        {
            ulong bit = 1ul << (int)(unit % 64);
            if ((taken[unit / 64] & bit) != 0)
                return false;
            taken[unit / 64] |= bit;
        }

        return true;
    }
}
