using ImageFabric.Disks;

namespace ImageFabric.Store.FanOut;

/// <summary>Reads the disk back out of a file under construction.</summary>
internal static class TargetReading
{
    /// <summary>Fills the destination from the disk's byte <paramref name="offset"/> on.</summary>
    /// <returns>False when the file ends before that.</returns>
    public static async ValueTask<bool> ReadAsync(IDiskTarget target, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (destination.Length > 0)
        {
            (long position, long contiguous) = target.Locate(offset);
            Memory<byte> part = destination[..(int)Math.Min(contiguous, destination.Length)];
            int read = await RandomAccess.ReadAsync(target.Handle, part, position, cancellationToken).ConfigureAwait(false);
            if (read == 0)
                return false;
            destination = destination[read..];
            offset += read;
        }

        return true;
    }
}
