using ImageFabric.Disks.Files;
using ImageFabric.Disks.Ova;
using ImageFabric.Disks.Qcow2;
using ImageFabric.Disks.Raw;
using ImageFabric.Disks.Vdi;
using ImageFabric.Disks.Vhd;
using ImageFabric.Disks.Vhdx;
using ImageFabric.Disks.Vmdk;
using ImageFabric.Disks.Wrapped;

namespace ImageFabric.Disks;

/// <summary>The preflight every disk image file passes before a byte of it is used.</summary>
public static class DiskImage
{
    /// <summary>The formats that can be read, some of them not in every subformat.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["raw", "qcow2", "vhdx", "vhd", "vmdk", "vdi", "ova"];

    /// <summary>
    /// Opens a disk image file for reading. Its format is told by its content, never by its name; a file that has no known format's mark is a raw disk.
    /// </summary>
    /// <param name="path">A regular file or a block device.</param>
    /// <param name="policy">What may be read.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException">
    /// <c>FileNotFound</c>, <c>FileUnreadable</c>, <c>FormatNotSupported</c>, <c>FormatFeatureNotSupported</c>, <c>ImageCorrupt</c>,
    /// <c>ForeignReference</c>, <c>ImageTooLarge</c>, <c>ImageEmpty</c>, <c>FormatNotAllowed</c>, <c>SectorSizeNotAllowed</c>, or <c>SourceChanged</c>.
    /// </exception>
    public static Task<ILogicalDisk> OpenAsync(string path, DiskPolicy policy, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(policy);
        return OpenSourceAsync(SourceFile.Open(path), policy, cancellationToken);
    }

    /// <summary>Says, without opening it, whether a path leads to a regular file, and not to a device, a pipe or a socket.</summary>
    /// <param name="path">The path.</param>
    public static bool IsRegularFile(string path) => FileStatus.IsRegular(path);

    /// <summary>Opens a file of this program's own as a raw disk, whatever it begins with.</summary>
    /// <exception cref="DiskException"><c>FileNotFound</c>, <c>FileUnreadable</c>.</exception>
    public static Task<ILogicalDisk> OpenRawAsync(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<ILogicalDisk>(new RawDisk(SourceFile.Open(path)));
    }

    /// <summary>
    /// Opens an image that this program wrote and named after its format: what is called <c>.raw</c> is raw, whatever it begins with. A disk that was published
    /// as raw may hold the bytes of an image file.
    /// </summary>
    /// <exception cref="DiskException">As for any file.</exception>
    public static Task<ILogicalDisk> OpenOwnAsync(string path, CancellationToken cancellationToken) =>
        Path.GetExtension(path) == ".raw" ? OpenRawAsync(path, cancellationToken) : OpenAsync(path, DiskPolicy.Default, cancellationToken);

    /// <summary>Opens a disk image file that is elsewhere. What is read of it is what its format needs, so that of a sparse format the holes are not moved.</summary>
    /// <param name="file">The file; it is closed with the disk, and when it cannot be opened.</param>
    /// <param name="policy">What may be read.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException">As for a file of this machine, and <c>SourceUnreachable</c>.</exception>
    public static Task<ILogicalDisk> OpenRemoteAsync(IRemoteFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(policy);
        return OpenSourceAsync(SourceFile.Over(file), policy, cancellationToken);
    }

    private static async Task<ILogicalDisk> OpenSourceAsync(SourceFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        string path = file.Path;
        try
        {
            if (file.Length > policy.MaximumFileLength)
                throw new DiskException("ImageTooLarge", path, $"The file has {file.Length} bytes; the limit is {policy.MaximumFileLength}.");
            string format = policy.TakesAnythingAsRaw ? "raw" : await FormatProbe.DetectAsync(file, cancellationToken).ConfigureAwait(false);
            if (format == "raw" && policy.RefusesText)
                await RefuseTextAsync(file, cancellationToken).ConfigureAwait(false);
            ILogicalDisk disk = format == "ova"
                ? await OvaDisk.OpenAsync(file, policy, cancellationToken).ConfigureAwait(false)
                : await OpenFormatAsync(file, format, policy, cancellationToken).ConfigureAwait(false);
            if (policy.AllowedFormats is { } allowed && !allowed.Contains(disk.Format))
                throw new DiskException("FormatNotAllowed", path, $"The file is of the format {disk.Format}; the policy allows {string.Join(", ", allowed)}.");
            if (disk.Length == 0)
                throw new DiskException("ImageEmpty", path, "The disk has no bytes.");
            if (disk.Length > policy.MaximumVirtualLength)
                throw new DiskException("ImageTooLarge", path, $"The disk has {disk.Length} bytes; the limit is {policy.MaximumVirtualLength}.");
            policy.CheckSectorSize(path, disk.SectorSize);
            return disk;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a disk that is a member of an archive.</summary>
    /// <param name="file">The member; it is closed with the archive.</param>
    /// <param name="policy">What may be read; its formats are the archive's.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    internal static async Task<ILogicalDisk> OpenMemberAsync(SourceFile file, DiskPolicy policy, CancellationToken cancellationToken)
    {
        string format = await FormatProbe.DetectAsync(file, cancellationToken).ConfigureAwait(false);
        if (format is not ("gzip" or "xz" or "zstd"))
            return await OpenPlainMemberAsync(file, format, policy, cancellationToken).ConfigureAwait(false);
        SourceFile unpacked = await UnpackedFile.CreateAsync(file, format, policy, cancellationToken).ConfigureAwait(false);
        try
        {
            format = await FormatProbe.DetectAsync(unpacked, cancellationToken).ConfigureAwait(false);
            return await OpenPlainMemberAsync(unpacked, format, policy, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            unpacked.Dispose();
            throw;
        }
    }

    private static Task<ILogicalDisk> OpenPlainMemberAsync(SourceFile file, string format, DiskPolicy policy, CancellationToken cancellationToken) => format switch
    {
        // A raw disk is no format that a package may name.
        "raw" => throw new DiskException("ImageCorrupt", file.Path, "The disk in the archive is of no format that is known."),
        "ova" or "gzip" or "xz" or "zstd" => throw new DiskException("FormatFeatureNotSupported", file.Path, $"The disk in the archive is a {(format == "ova" ? "tar" : format)} file itself; unpack it, and publish what is in it."),
        _ => OpenFormatAsync(file, format, policy, cancellationToken),
    };

    private static async Task<ILogicalDisk> OpenFormatAsync(SourceFile file, string format, DiskPolicy policy, CancellationToken cancellationToken) => format switch
    {
        "raw" => new RawDisk(file),
        "qcow2" => await Qcow2Disk.OpenAsync(file, policy, cancellationToken).ConfigureAwait(false),
        "vhdx" => await VhdxDisk.OpenAsync(file, policy, cancellationToken).ConfigureAwait(false),
        "vhd" => await VhdDisk.OpenAsync(file, policy, cancellationToken).ConfigureAwait(false),
        "vmdk" => await VmdkDisk.OpenAsync(file, policy, cancellationToken).ConfigureAwait(false),
        "vdi" => await VdiDisk.OpenAsync(file, policy, cancellationToken).ConfigureAwait(false),
        "gzip" or "xz" or "zstd" => await WrappedDisk.OpenAsync(file, format, policy, cancellationToken).ConfigureAwait(false),
        _ => throw new DiskException("FormatNotSupported", file.Path, $"The file is of the format {format}, which cannot be read. {FormatMarks.AdviceOn(format)}"),
    };

    private static async ValueTask RefuseTextAsync(SourceFile file, CancellationToken cancellationToken)
    {
        byte[] start = new byte[(int)Math.Min(4096, file.Length)];
        await file.ReadAsync(0, start, cancellationToken).ConfigureAwait(false);
        // A server says how long its file is, so nothing was lost on the way here.
        bool mayBeOdd = file.IsRemote && DiskContent.IsRecognised(start);
        if (TextContent.KindOf(start) is { } kind)
            throw new DiskException("FormatNotSupported", file.Path, $"The file is {kind}, no disk. If it is meant, say that the source's format is raw.");
        if (file.Length % 512 != 0 && !mayBeOdd)
            throw new DiskException("FormatNotSupported", file.Path, $"The file has {file.Length} bytes, which is no multiple of 512, and no known format: it was cut or is no disk. If it is meant, say that the source's format is raw.");
    }
}
