namespace ImageFabric.Hypervisors.Seeds;

/// <summary>A file in the root of a seed.</summary>
/// <param name="Name">Its name as the guest sees it: at most 29 lower-case letters, digits and <c>-</c>, with one extension at most.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record SeedFile(string Name, byte[] Content);
