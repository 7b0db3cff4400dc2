using ImageFabric.Disks;
using ImageFabric.Store.Format;

namespace ImageFabric.Engine.Host;

/// <summary>
/// Names of image files on a host: <c>ID.FORMAT</c>, but <c>ID.fixed.vhdx</c> for the format <c>vhdx-fixed</c>: a hypervisor takes a file for what its extension says.
/// </summary>
internal static class HostImageName
{
    private const string Fixed = "-fixed";

    public static string Of(ImageId id, string format) => id.Hex + Suffix(format);

    /// <summary>Reads a name; false for that of any other file.</summary>
    public static bool TryParse(string fileName, out ImageId id, out string format)
    {
        int dot = fileName.IndexOf('.', StringComparison.Ordinal);
        string suffix = dot < 0 ? "" : fileName[dot..];
        format = DiskTarget.Formats.FirstOrDefault(known => Suffix(known) == suffix) ?? "";
        id = default;
        return format.Length > 0 && ImageId.TryParse("sha256:" + fileName[..dot], out id);
    }

    private static string Suffix(string format) =>
        format.EndsWith(Fixed, StringComparison.Ordinal) ? $".fixed.{format[..^Fixed.Length]}" : $".{format}";
}
