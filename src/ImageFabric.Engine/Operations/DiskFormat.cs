using ImageFabric.Disks;

namespace ImageFabric.Engine.Operations;

/// <summary>The names of formats that images are written in.</summary>
internal static class DiskFormat
{
    // What such a file is called says that it is something else than a raw disk.
    private static readonly string[] Unwritten =
    [
        "vdi", "ova", "ovf", "qcow", "qed", "hdd", "hds", "dmg", "sparseimage", "vhds", "avhd", "avhdx", "iso", "wim", "esd", "ffu", "box", "xva", "e01", "chd",
        "tar", "tgz", "txz", "gz", "xz", "zst", "zstd", "bz2", "lz", "lz4", "lzma", "lzo", "zip", "7z", "rar",
    ];

    /// <summary>The format that a file's extension means, whatever its case; raw where it means none.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>: it means a format that cannot be written.</exception>
    public static string OfExtension(string path)
    {
        string extension = Path.GetExtension(path).TrimStart('.').ToLowerInvariant();
        return Unwritten.Contains(extension)
            ? throw new OperationException("InvalidRequest", path, $"No file of the kind .{extension} can be written. These can, by their extensions: {string.Join(", ", DiskTarget.Formats.Where(static f => !f.Contains('-', StringComparison.Ordinal)))}. Without an extension, or with .img, the file is raw.")
            : DiskTarget.Formats.FirstOrDefault(format => format == extension, "raw");
    }

    /// <summary>The name, if it is one.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public static string Check(string format, params IEnumerable<string> others) => DiskTarget.Formats.Contains(format)
        ? format
        : throw new OperationException("InvalidRequest", format, $"'{format}' is not a format that can be written: {string.Join(", ", DiskTarget.Formats.Concat(others))}.");
}
