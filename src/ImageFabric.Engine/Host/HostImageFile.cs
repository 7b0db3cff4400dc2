using ImageFabric.Store.Format;

namespace ImageFabric.Engine.Host;

/// <summary>A file of a host's image directory.</summary>
/// <param name="Id">The image it holds.</param>
/// <param name="Format">In which format.</param>
/// <param name="Path">The file.</param>
/// <param name="IsWhole">False for what an interrupted pull left.</param>
internal sealed record HostImageFile(ImageId Id, string Format, string Path, bool IsWhole);
