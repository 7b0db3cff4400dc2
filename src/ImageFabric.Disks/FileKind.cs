using ImageFabric.Disks.Files;

namespace ImageFabric.Disks;

/// <summary>Tells files from what only has a name in a directory.</summary>
public static class FileKind
{
    /// <summary>True when a path leads to a regular file: no directory, pipe, socket or device. Links are followed.</summary>
    public static bool IsRegular(string path) => FileStatus.IsRegular(path);
}
