using ImageFabric.Disks;

namespace ImageFabric.Engine.Operations;

/// <summary>The names of formats that images are written in.</summary>
internal static class DiskFormat
{
    /// <summary>The name, if it is one.</summary>
    /// <exception cref="OperationException"><c>InvalidRequest</c>.</exception>
    public static string Check(string format, params IEnumerable<string> others) => DiskTarget.Formats.Contains(format)
        ? format
        : throw new OperationException("InvalidRequest", format, $"'{format}' is not a format that can be written: {string.Join(", ", DiskTarget.Formats.Concat(others))}.");
}
