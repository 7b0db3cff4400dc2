using ImageFabric.Disks.Files;
using ImageFabric.Disks.Packed;

namespace ImageFabric.Disks;

/// <summary>Writes disks in formats whose data is compressed, so that where it lies is known only when it is: in one go, from a disk that is whole.</summary>
public static class PackedDisk
{
    /// <summary>The formats: <c>vmdk-stream</c>, a streamOptimized VMDK as ESXi and OVF tools import it; <c>qcow2-zstd</c>, a qcow2 with clusters compressed by zstd.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["vmdk-stream", "qcow2-zstd"];

    /// <summary>Writes a disk to a new file. The file is whole and on stable storage when this returns, and nothing takes it for one before.</summary>
    /// <param name="disk">What to write.</param>
    /// <param name="path">The file; one that is there is made anew.</param>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="progress">Told how many bytes of the disk are done.</param>
    /// <param name="cancellationToken">Ends the work; the file stays, and is not whole.</param>
    /// <exception cref="ArgumentException">The format is not known.</exception>
    /// <exception cref="DiskException">The disk cannot be read; <c>HostDiskFull</c>, <c>HostWriteFailed</c>; <c>ImageTooLarge</c>: the format has no room for it.</exception>
    public static async Task WriteAsync(ILogicalDisk disk, string path, string format, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentException.ThrowIfNullOrEmpty(path);
        await using var file = AppendedFile.Create(path);
        switch (format)
        {
            case "vmdk-stream":
                await new StreamOptimizedWriter(disk, file).WriteAsync(progress, cancellationToken).ConfigureAwait(false);
                break;
            case "qcow2-zstd":
                using (var writer = new CompressedQcow2Writer(disk, file))
                    await writer.WriteAsync(progress, cancellationToken).ConfigureAwait(false);
                break;
            default:
                throw new ArgumentException($"'{format}' is not a packed format; these are: {string.Join(", ", Formats)}.", nameof(format));
        }
    }
}
