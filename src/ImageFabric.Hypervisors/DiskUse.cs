namespace ImageFabric.Hypervisors;

/// <summary>A file that a machine needs: its disk, or one that its disk is based on, over however many steps.</summary>
/// <param name="Path">The file, absolute; it may lead over symbolic links, or to nothing.</param>
/// <param name="Machine">The machine's name.</param>
public sealed record DiskUse(string Path, string Machine);
