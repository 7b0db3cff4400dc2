using ImageFabric.Disks;

namespace ImageFabric.Engine.Host;

/// <summary>Makes the disk of a machine that is a whole copy of its image: by shared blocks where the file system can.</summary>
internal static class DiskCopy
{
    private const int Piece = 4 << 20;

    /// <summary>Copies an image file into a new one that can be written to.</summary>
    /// <param name="image">The image's file.</param>
    /// <param name="disk">The file to make.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static async Task MakeAsync(string image, string disk, CancellationToken cancellationToken)
    {
        await using var from = new FileStream(image, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await using var to = new FileStream(disk, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
        to.SetLength(from.Length);
        if (!BlockClone.TryClone(from.SafeFileHandle, 0, to.SafeFileHandle, 0, from.Length))
            await from.CopyToAsync(to, Piece, cancellationToken).ConfigureAwait(false);
        FileSync.Flush(to.SafeFileHandle);
    }
}
